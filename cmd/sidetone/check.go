package main

import (
	"fmt"

	"sidetone/control/config"
)

type checkCmd struct {
	File string `arg:"" help:"Configuration file."`
}

// Run is for kong.
func (c *checkCmd) Run(o output) error {
	faults := config.Check(c.File)
	for _, f := range faults {
		fmt.Fprintln(o.out, f)
	}
	if len(faults) > 0 {
		return errFailed
	}
	fmt.Fprintf(o.out, "%s: good\n", c.File)
	return nil
}

type sampleCmd struct{}

// Run is for kong.
func (sampleCmd) Run(o output) error {
	_, err := o.out.Write(config.Sample())
	return err
}
