// Reads a document on stdin and says whether Talos itself accepts it: with `config`, a machine
// config, by Talos's own loader and validator in metal mode, strict; with `secrets`, a secrets
// bundle, by its own check, and by signing a client certificate with it. Exit code 0: accepted.
// 1: refused, with Talos's words on stderr. 2: the question itself could not be asked.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
	"github.com/siderolabs/talos/pkg/machinery/role"
)

// metal is the runtime mode of a bare-metal machine: it installs, and is not a container.
type metal struct{}

func (metal) String() string        { return "metal" }
func (metal) RequiresInstall() bool { return true }
func (metal) InContainer() bool     { return false }

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: talos-validate config|secrets")
		os.Exit(2)
	}

	var err error

	switch os.Args[1] {
	case "config":
		err = checkConfig()
	case "secrets":
		err = checkSecrets()
	default:
		fmt.Fprintln(os.Stderr, "usage: talos-validate config|secrets")
		os.Exit(2)
	}

	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}

	fmt.Println("accepted")
}

func checkConfig() error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}

	config, err := configloader.NewFromBytes(text)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}

	warnings, err := config.Validate(metal{}, validation.WithLocal(), validation.WithStrict())
	for _, warning := range warnings {
		fmt.Println("warning:", warning)
	}

	return err
}

func checkSecrets() error {
	bundle, err := secrets.LoadBundle("/dev/stdin")
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}

	if err := bundle.Validate(); err != nil {
		return fmt.Errorf("validate: %w", err)
	}

	_, err = bundle.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin))

	return err
}
