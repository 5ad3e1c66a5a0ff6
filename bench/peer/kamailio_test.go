package peer

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

// startKamailio starts a proxy whose ng server does not answer.
func startKamailio(t *testing.T, cfg KamailioConfig) *Kamailio {
	t.Helper()
	cfg.Dir = t.TempDir()
	if !cfg.Engine.IsValid() {
		cfg.Engine = netip.MustParseAddrPort("127.0.0.1:9")
	}
	k, err := StartKamailio(within(t, 20*time.Second), cfg)
	must(t, err)
	t.Cleanup(func() { k.Close() })
	return k
}

func TestKamailioProxiesWithoutEngine(t *testing.T) {
	Need(t, "kamailio", "sipp")
	b := startSIPp(t, SIPpConfig{Scenario: SIPpAnswer, Tel: "218"})
	must(t, b.WaitListening(within(t, 10*time.Second)))
	k := startKamailio(t, KamailioConfig{Patience: 10 * time.Millisecond})
	ctx := within(t, 20*time.Second)
	if enabled, err := k.EngineEnabled(ctx); err != nil || enabled {
		t.Errorf("enabled %t, %v", enabled, err)
	}
	must(t, RunSIPp(ctx, SIPpConfig{Scenario: SIPpSpeak, Server: k.Address(), Domain: b.Address(), Tel: "217", To: "218", Pause: 50 * time.Millisecond, Voice: 20 * time.Millisecond, Dir: t.TempDir()}))
	must(t, b.Wait(ctx))
	if !strings.Contains(b.Messages(), "Record-Route: <sip:"+k.Address()) {
		t.Errorf("the proxy is not in the route:\n%s", b.Messages())
	}
	if said, err := k.Complaints(); err != nil || len(said) == 0 {
		t.Errorf("no complaint about the ng server: %v", err)
	}
	if _, err := k.RPC(ctx, "no.such"); err == nil || !strings.Contains(err.Error(), "no.such") {
		t.Errorf("got %v", err)
	}
}

func TestKamailioWithoutAnEngine(t *testing.T) {
	Need(t, "kamailio")
	if k, err := StartKamailio(within(t, 20*time.Second), KamailioConfig{Dir: t.TempDir()}); err == nil {
		k.Close()
		t.Error("it started")
	}
}
