// Reads a document on stdin and says whether Talos itself accepts it: with `config`, a machine
// config, by Talos's own loader and both of its validators in metal mode, strict; with `secrets`, a
// secrets bundle, by its own check, and by signing a client certificate with it; with `talosconfig`
// and `kubeconfig`, access to a cluster, by holding it against what Talos makes of the same secrets.
// Exit code 0: accepted. 1: refused, with Talos's words on stderr. 2: the question itself could not
// be asked.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/role"
)

const usage = "usage: talos-validate config|secrets|talosconfig SECRETS ROLE|kubeconfig SECRETS GROUP NAME"

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		end(2, err)
	}

	arguments := os.Args[1:]

	switch {
	case len(arguments) == 1 && arguments[0] == "config":
		err = checkConfig(text)
	case len(arguments) == 1 && arguments[0] == "secrets":
		err = checkSecrets(text)
	case len(arguments) == 3 && arguments[0] == "talosconfig":
		err = checkTalosconfig(text, bundle(arguments[1]), arguments[2])
	case len(arguments) == 4 && arguments[0] == "kubeconfig":
		err = checkKubeconfig(text, bundle(arguments[1]), arguments[2], arguments[3])
	default:
		end(2, usage)
	}

	if err != nil {
		end(1, err)
	}

	fmt.Println("accepted")
}

func end(code int, words any) {
	fmt.Fprintln(os.Stderr, words)
	os.Exit(code)
}

// bundle reads the secrets that the question is about.
func bundle(path string) *secrets.Bundle {
	loaded, err := secrets.LoadBundle(path)
	if err != nil {
		end(2, err)
	}

	return loaded
}

func checkSecrets(text []byte) error {
	file, err := os.CreateTemp("", "secrets")
	if err != nil {
		end(2, err)
	}

	defer os.Remove(file.Name())

	if _, err = file.Write(text); err != nil {
		end(2, err)
	}

	loaded, err := secrets.LoadBundle(file.Name())
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}

	if err = loaded.Validate(); err != nil {
		return fmt.Errorf("validate: %w", err)
	}

	_, err = loaded.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin))

	return err
}
