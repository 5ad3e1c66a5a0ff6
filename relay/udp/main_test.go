package udp_test

import (
	"testing"

	"go.uber.org/goleak"

	"sidetone/relay/udp/udptest"
)

func TestMain(m *testing.M) {
	udptest.Isolate()
	goleak.VerifyTestMain(m)
}
