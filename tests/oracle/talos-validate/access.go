package main

import (
	"bytes"
	"crypto/tls"
	stdx509 "crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/siderolabs/crypto/x509"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"go.yaml.in/yaml/v4"
)

// checkTalosconfig: Talos reads it, would write the same bytes, and would make such a certificate.
func checkTalosconfig(text []byte, bundle *secrets.Bundle, name string) error {
	config, err := clientconfig.FromBytes(text)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}

	written, err := config.Bytes()
	if err != nil {
		return err
	}

	if !bytes.Equal(written, text) {
		return errors.New("Talos would write other bytes")
	}

	access := config.Contexts[config.Context]
	if access == nil {
		return errors.New("no current context")
	}

	wanted, err := secrets.NewAdminCertificateAndKey(time.Now(), bundle.Certs.OS, role.MakeSet(role.Role(name)), time.Hour)
	if err != nil {
		end(2, err)
	}

	return checkAccess(bundle.Certs.OS.Crt, wanted, access.CA, access.Crt, access.Key)
}

// checkKubeconfig: the same with the options of Talos's pkg/kubeconfig.
func checkKubeconfig(text []byte, bundle *secrets.Bundle, group, name string) error {
	var config struct {
		Clusters []struct {
			Cluster struct {
				CA string `yaml:"certificate-authority-data"`
			}
		}
		Users []struct {
			User struct {
				Crt string `yaml:"client-certificate-data"`
				Key string `yaml:"client-key-data"`
			}
		}
	}

	if err := yaml.Unmarshal(text, &config); err != nil {
		return fmt.Errorf("load: %w", err)
	}

	if len(config.Clusters) != 1 || len(config.Users) != 1 {
		return errors.New("wanted one cluster and one user")
	}

	authority, err := x509.NewCertificateAuthorityFromCertificateAndKey(bundle.Certs.K8s)
	if err != nil {
		end(2, err)
	}

	wanted, err := x509.NewKeyPair(authority,
		x509.CommonName(name),
		x509.Organization(group),
		x509.NotAfter(time.Now().Add(time.Hour)),
		x509.KeyUsage(stdx509.KeyUsageDigitalSignature|stdx509.KeyUsageKeyEncipherment),
		x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageClientAuth}),
	)
	if err != nil {
		end(2, err)
	}

	user := config.Users[0].User

	return checkAccess(bundle.Certs.K8s.Crt, x509.NewCertificateAndKeyFromKeyPair(wanted), config.Clusters[0].Cluster.CA, user.Crt, user.Key)
}

// checkAccess holds what came, in base64 of PEM, against what Talos made of the same secrets.
func checkAccess(authority []byte, wanted *x509.PEMEncodedCertificateAndKey, ca, crt, key string) error {
	var decoded [3][]byte

	for i, text := range []string{ca, crt, key} {
		var err error

		if decoded[i], err = base64.StdEncoding.DecodeString(text); err != nil {
			return err
		}
	}

	if !bytes.Equal(decoded[0], authority) {
		return errors.New("another authority")
	}

	if _, err := tls.X509KeyPair(decoded[1], decoded[2]); err != nil {
		return err
	}

	ours, err := parse(decoded[1])
	if err != nil {
		return err
	}

	theirs, err := parse(wanted.Crt)
	if err != nil {
		end(2, err)
	}

	if wantedLabel, label := label(wanted.Key), label(decoded[2]); wantedLabel != label {
		return fmt.Errorf("key: wanted %s, got %s", wantedLabel, label)
	}

	if wanted, got := shape(theirs), shape(ours); wanted != got {
		return fmt.Errorf("certificate: wanted %s, got %s", wanted, got)
	}

	roots := stdx509.NewCertPool()
	roots.AppendCertsFromPEM(authority)

	_, err = ours.Verify(stdx509.VerifyOptions{
		Roots:       roots,
		CurrentTime: ours.NotAfter.Add(-time.Minute),
		KeyUsages:   []stdx509.ExtKeyUsage{stdx509.ExtKeyUsageClientAuth},
	})

	return err
}

func parse(text []byte) (*stdx509.Certificate, error) {
	block, rest := pem.Decode(text)
	if block == nil || len(rest) > 0 {
		return nil, errors.New("wanted one certificate")
	}

	return stdx509.ParseCertificate(block.Bytes)
}

func label(text []byte) string {
	if block, _ := pem.Decode(text); block != nil {
		return block.Type
	}

	return "no PEM"
}

// shape is all of a certificate but its key, its number and its times.
func shape(certificate *stdx509.Certificate) string {
	var extensions []string

	for _, extension := range certificate.Extensions {
		extensions = append(extensions, fmt.Sprintf("%s critical=%t %x", extension.Id, extension.Critical, extension.Value))
	}

	return fmt.Sprintf("version %d, %s by %s, %s key, issuer %q, subject %q, extensions %v",
		certificate.Version, certificate.SignatureAlgorithm, certificate.Issuer, certificate.PublicKeyAlgorithm,
		certificate.Issuer, certificate.Subject, extensions)
}
