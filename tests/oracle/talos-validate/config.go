package main

import (
	"context"
	"fmt"

	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/impl/inmem"
	"github.com/cosi-project/runtime/pkg/state/impl/namespaced"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
)

// metal is the runtime mode of a bare-metal machine: it installs, and is not a container.
type metal struct{}

func (metal) String() string        { return "metal" }
func (metal) RequiresInstall() bool { return true }
func (metal) InContainer() bool     { return false }

// checkConfig asks what a machine asks: can it be loaded, is it valid anywhere, and is it valid on
// this machine, whose disks are known by then.
func checkConfig(text []byte) error {
	config, err := configloader.NewFromBytes(text)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}

	warnings, err := config.Validate(metal{}, validation.WithLocal(), validation.WithStrict())
	if err != nil {
		return fmt.Errorf("validate: %w", err)
	}

	ctx := context.Background()

	machine, err := machineWithDisks(ctx)
	if err != nil {
		end(2, err)
	}

	more, err := config.RuntimeValidate(ctx, machine, metal{}, validation.WithStrict())
	for _, warning := range append(warnings, more...) {
		fmt.Println("warning:", warning)
	}

	if err != nil {
		return fmt.Errorf("runtime validate: %w", err)
	}

	return nil
}

// machineWithDisks is the state of a machine that has the disks which the tests name.
func machineWithDisks(ctx context.Context) (state.State, error) {
	machine := state.WrapCore(namespaced.NewState(inmem.Build))

	for id, spec := range map[string]block.DiskSpec{
		"nvme0n1": {DevPath: "/dev/nvme0n1", Serial: "LAB-DISK 1", Transport: "nvme"},
		"nvme1n1": {DevPath: "/dev/nvme1n1", Serial: "0123456", Transport: "nvme"},
		"sda":     {DevPath: "/dev/sda", WWID: "naa.5000c500a1b2c3d4", Transport: "sata"},
	} {
		disk := block.NewDisk(block.NamespaceName, id)
		*disk.TypedSpec() = spec

		if err := machine.Create(ctx, disk); err != nil {
			return nil, err
		}
	}

	return machine, nil
}
