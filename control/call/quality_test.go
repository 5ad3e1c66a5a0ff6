package call

import (
	"testing"
	"time"

	"sidetone/relay"
	"sidetone/relay/quality"
)

func TestQualityOf(t *testing.T) {
	good := relay.LegStats{Sent: relay.Count{Packets: 1000}, Quality: relay.Quality{
		Reception: quality.Reception{Expected: 1000, Jitter: 2 * time.Millisecond}}}
	bad := good
	bad.Quality.Lost, bad.Quality.RoundTrip = 100, 400*time.Millisecond
	bad.Quality.Reported, bad.Quality.PeerLost, bad.Quality.PeerJitter = true, 50, 30*time.Millisecond
	q := QualityOf(good, "PCMU")
	if q.Said.MOS < 4.35 || q.Said.MOS > 4.45 || q.Heard != (Flow{}) {
		t.Errorf("a good leg: %+v", q)
	}
	w := QualityOf(bad, "PCMU")
	if w.Said.Loss != 0.1 || w.Heard.Loss != 0.05 || w.Said.MOS > 3.3 || w.Heard.MOS <= w.Said.MOS || w.Heard.MOS > 3.9 || w.RoundTrip != 400*time.Millisecond {
		t.Errorf("a bad leg: %+v", w)
	}
	if g := QualityOf(good, "G729"); g.Said.MOS >= q.Said.MOS || g.Said.MOS < 4 {
		t.Errorf("G.729 without loss: %+v", g)
	}
	if none := QualityOf(relay.LegStats{}, ""); none != (Quality{}) {
		t.Errorf("nothing came: %+v", none)
	}
	if Milliseconds(12345678) != 12.3 || Score(4.4087) != 4.41 {
		t.Error("rounding")
	}
}
