package main

import (
	"os"
	"testing"
)

// asProgram in the environment makes the test binary the program itself, so that a test can run the server as a
// process of its own, race detector and all.
const asProgram = "SIDETONE_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}
