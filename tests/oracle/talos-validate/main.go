// Reads a Talos machine config on stdin and says whether Talos's own loader and validator
// accept it in metal mode, strict. Exit code 0: accepted. 1: refused, with Talos's words on
// stderr. 2: the question itself could not be asked.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
)

// metal is the runtime mode of a bare-metal machine: it installs, and is not a container.
type metal struct{}

func (metal) String() string        { return "metal" }
func (metal) RequiresInstall() bool { return true }
func (metal) InContainer() bool     { return false }

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "read stdin:", err)
		os.Exit(2)
	}

	config, err := configloader.NewFromBytes(text)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}

	warnings, err := config.Validate(metal{}, validation.WithLocal(), validation.WithStrict())
	for _, warning := range warnings {
		fmt.Println("warning:", warning)
	}

	if err != nil {
		fmt.Fprintln(os.Stderr, "validate:", err)
		os.Exit(1)
	}

	fmt.Println("accepted")
}
