package ng

import (
	"bytes"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidetone/control/ng/bencode"
)

func TestPing(t *testing.T) {
	c := newClient(t, nil)
	for in, want := range map[string]string{
		"5323_1 d7:command4:pinge":       "5323_1 d6:result4:ponge",
		"5323_2 d7:command4:pinge\n":     "5323_2 d6:result4:ponge",
		"5323_3 {\"command\": \"ping\"}": "5323_3 {\"result\":\"pong\"}",
	} {
		if got := c.raw(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestMalformedMessagesAreAnsweredWithAnErrorInTheirEncoding(t *testing.T) {
	c := newClient(t, nil)
	for i, in := range []string{"d7:command4:pin", "d", "de", "le", "i1e", "4:ping", "garbage", "", "d7:commandlee", "d3:foo3:bare"} {
		reply := c.raw(fmt.Sprintf("x%d %s", i, in))
		if !strings.HasPrefix(reply, fmt.Sprintf("x%d d", i)) || !strings.HasPrefix(result(c.parsed(reply)), "error: ") {
			t.Errorf("%q: %q", in, reply)
		}
	}
	for i, in := range []string{"{", `{"command":}`, `{}`, `{"command":"x"}`} {
		reply := c.raw(fmt.Sprintf("y%d %s", i, in))
		if !strings.HasPrefix(reply, fmt.Sprintf("y%d {", i)) || !strings.HasPrefix(result(c.parsed(reply)), "error: ") {
			t.Errorf("%q: %q", in, reply)
		}
	}
}

func TestWhatHasNoCookieIsNotAnswered(t *testing.T) {
	c := newClient(t, nil)
	for _, in := range []string{"", " ", " d7:command4:pinge", "d7:command4:pinge", strings.Repeat("x", 300) + " d7:command4:pinge"} {
		c.engine.receive(in, clientAddr, 0, func(b []byte) { t.Errorf("%.20q was answered with %q", in, b) })
	}
	if got := c.engine.totals.malformed.Load(); got != 5 {
		t.Errorf("%d counted, want 5", got)
	}
}

func TestMalformedMessageIsAnsweredFast(t *testing.T) {
	c := newClient(t, nil)
	best := time.Hour
	for i := range 50 {
		start := time.Now()
		c.raw(fmt.Sprintf("%d d7:command4:pin", i))
		best = min(best, time.Since(start))
	}
	if best > time.Millisecond {
		t.Errorf("%v at best", best)
	}
}

func TestRequestSentAgainIsCarriedOutOnce(t *testing.T) {
	c := newClient(t, nil)
	message := "1 " + string(bencode.Append(nil, req("offer", "call-id", "x", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0"))))
	first, second := c.raw(message), c.raw(message)
	if first != second || len(c.relay.open()) != 2 || c.engine.totals.offers.Load() != 1 || c.engine.totals.duplicates.Load() != 1 {
		t.Errorf("%q, then %q; %d legs", first, second, len(c.relay.open()))
	}
}

// TestCookieAloneMakesNoDuplicate: a client that was started anew may count from where it did before.
func TestCookieAloneMakesNoDuplicate(t *testing.T) {
	c := newClient(t, nil)
	list, statistics := c.raw("1 d7:command4:liste"), c.raw("1 d7:command10:statisticse")
	if !strings.Contains(list, "5:calls") || !strings.Contains(statistics, "sessionstotal") || c.engine.totals.duplicates.Load() != 0 {
		t.Errorf("%q, then %q", list, statistics)
	}
}

func TestDuplicateOfARequestUnderWayWaitsForItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, nil)
		gate := make(chan struct{})
		c.relay.gate = gate
		message := "1 " + string(bencode.Append(nil, req("offer", "call-id", "x", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0"))))
		var mu sync.Mutex
		var replies []string
		for range 3 {
			c.engine.receive(message, clientAddr, 0, func(b []byte) {
				mu.Lock()
				defer mu.Unlock()
				replies = append(replies, string(b))
			})
		}
		synctest.Wait()
		if len(replies) != 0 {
			t.Fatal("answered before it was done")
		}
		close(gate)
		synctest.Wait()
		if len(replies) != 3 || replies[0] != replies[1] || replies[1] != replies[2] || len(c.relay.open()) != 2 {
			t.Errorf("replies %q, %d legs", replies, len(c.relay.open()))
		}
	})
}

func TestStuckCallHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, nil)
		gate := make(chan struct{})
		c.relay.gate = gate
		stuck := 0
		offer := func(i int) bencode.Value {
			return req("offer", "call-id", "stuck", "from-tag", fmt.Sprint(i), "sdp", audio("192.0.2.1", 4000, "0"))
		}
		for i := range maxQueued + 10 {
			c.engine.receive(string(encode(fmt.Sprint("s", i), inBencode, offer(i))), clientAddr, 0, func([]byte) { stuck++ })
		}
		synctest.Wait()
		if stuck < 9 || stuck > 10 { // whether the first had begun by then or not
			t.Errorf("%d answered at once, want those beyond the queue", stuck)
		}
		c.relay.mu.Lock()
		c.relay.gate = nil
		c.relay.mu.Unlock()
		c.setUp("other")
		if got := result(c.ask(req("ping"))); got != "pong" {
			t.Error(got)
		}
		close(gate)
		synctest.Wait()
		if stuck != maxQueued+10 {
			t.Errorf("%d answered in the end", stuck)
		}
	})
}

func TestRequestsOfACallAreCarriedOutInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, nil)
		gate := make(chan struct{})
		c.relay.gate = gate
		var got []string
		send := func(cookie string, v bencode.Value) {
			c.engine.receive(string(encode(cookie, inBencode, v)), clientAddr, 0, func(b []byte) {
				got = append(got, cookie+" "+result(c.parsed(string(b))))
			})
		}
		send("1", req("offer", "call-id", "x", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0")))
		send("2", req("answer", "call-id", "x", "from-tag", "a", "to-tag", "b", "sdp", audio("192.0.2.2", 5000, "0")))
		send("3", req("delete", "call-id", "x", "from-tag", "a"))
		send("4", req("answer", "call-id", "x", "from-tag", "a", "to-tag", "b", "sdp", audio("192.0.2.2", 5000, "0")))
		send("5", req("offer", "call-id", "x", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0")))
		close(gate)
		synctest.Wait()
		if s := strings.Join(got, ", "); s != "1 ok, 2 ok, 3 ok, 4 error: Unknown call-id, 5 ok" {
			t.Error(s)
		}
		if len(c.relay.open()) != 2 {
			t.Errorf("%d legs", len(c.relay.open()))
		}
	})
}

func TestSessionLimit(t *testing.T) {
	c := newClient(t, func(cfg *Config) { cfg.MaxSessions = 2 })
	c.setUp("1")
	c.setUp("2")
	third := []string{"call-id", "3", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0")}
	if got := result(c.ask(req("offer", third...))); got != "error: Parallel session limit reached" {
		t.Error(got)
	}
	limited := req("offer", third...)
	limited.Set("supports", bencode.NewStrings("load limit"))
	if got := result(c.ask(limited)); got != "load limit: Parallel session limit reached" {
		t.Error(got)
	}
	c.setUp("2") // again, no new one
	if got := result(c.ask(req("delete", "call-id", "1", "from-tag", "a"))); got != "ok" {
		t.Error(got)
	}
	c.setUp("3")
	if got := c.engine.totals.refused.Load(); got != 2 {
		t.Errorf("%d counted", got)
	}
}

func TestDrainingNodeTakesNoNewCalls(t *testing.T) {
	c := newClient(t, nil)
	c.setUp("1")
	c.engine.drain(true)
	if got := result(c.ask(req("offer", "call-id", "2", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0")))); got != "error: Parallel session limit reached" {
		t.Error(got)
	}
	c.setUp("1")
	c.engine.drain(false)
	c.setUp("2")
}

func TestNoPortsLeftLeavesNothingBehind(t *testing.T) {
	c := newClient(t, nil)
	c.relay.limit = 3
	c.setUp("1")
	offer := []string{"call-id", "2", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0")}
	if got := result(c.ask(req("offer", offer...))); got != "error: Ran out of ports" {
		t.Error(got)
	}
	if n := len(c.relay.open()); n != 2 {
		t.Errorf("%d legs, want those of the first call", n)
	}
	if got := result(c.ask(req("query", "call-id", "2"))); got != "error: Unknown call-id" {
		t.Error(got)
	}
	// A second stream of a call that is up: the call stays as it was.
	two := audio("192.0.2.1", 4000, "0") + "m=video 4002 RTP/AVP 99\r\n"
	if got := result(c.ask(req("offer", "call-id", "1", "from-tag", "a", "to-tag", "b", "sdp", two))); got != "error: Ran out of ports" {
		t.Error(got)
	}
	for _, l := range c.relay.open() {
		if !strings.Contains(l.String(), "routed to") {
			t.Errorf("leg left as %v", l)
		}
	}
	c.setUp("1")
}

func TestPanicEndsItsCallOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, nil)
		c.setUp("1")
		c.setUp("2")
		c.relay.open()[0].panics = true
		if got := result(c.ask(req("offer", "call-id", "1", "from-tag", "a", "to-tag", "b", "sdp", audio("192.0.2.1", 4444, "0")))); got != "error: Internal error" {
			t.Error(got)
		}
		synctest.Wait()
		if got := result(c.ask(req("query", "call-id", "1"))); got != "error: Unknown call-id" {
			t.Error(got)
		}
		if got := result(c.ask(req("query", "call-id", "2"))); got != "ok" {
			t.Error(got)
		}
		if n := len(c.relay.open()); n != 2 {
			t.Errorf("%d legs", n)
		}
	})
}

func TestAnswerSentTwiceKeepsTheTranscoders(t *testing.T) {
	c := newClient(t, nil)
	c.ask(req("offer", "call-id", "1", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0"), "flags", "codec-transcode-PCMA"))
	answer := req("answer", "call-id", "1", "from-tag", "a", "to-tag", "b", "sdp", audio("192.0.2.2", 5000, "8"))
	c.ask(answer)
	first := c.relay.open()[0].payload
	c.ask(answer)
	if again := c.relay.open()[0].payload; first == nil || again != first {
		t.Errorf("%p, then %p", first, again)
	}
}

func TestMediaTimeoutEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, nil)
		two := func(addr string) string { return audio(addr, 4000, "0") + "m=video 4002 RTP/AVP 99\r\n" }
		for _, v := range []bencode.Value{
			req("offer", "call-id", "1", "from-tag", "a", "sdp", two("192.0.2.1")),
			req("answer", "call-id", "1", "from-tag", "a", "to-tag", "b", "sdp", two("192.0.2.2")),
		} {
			if got := result(c.ask(v)); got != "ok" {
				t.Fatal(got)
			}
		}
		legs := c.relay.open()
		timedOut := func(i int) {
			legs[i].cfg.Stopped(false, "no media")
			synctest.Wait()
		}
		timedOut(2)
		if len(c.relay.open()) != 4 {
			t.Fatal("ended while audio flows")
		}
		time.Sleep(2 * time.Minute)
		legs[3].received(1, time.Now()) // video is back, and then audio stops
		timedOut(0)
		if len(c.relay.open()) != 4 {
			t.Fatal("ended while video flows")
		}
		timedOut(2)
		if len(c.relay.open()) != 4 {
			t.Fatal("ended with video's last packet just seen")
		}
		time.Sleep(2 * time.Minute)
		timedOut(2)
		if n := len(c.relay.open()); n != 0 {
			t.Errorf("%d legs left", n)
		}
		if got := result(c.ask(req("query", "call-id", "1"))); got != "error: Unknown call-id" {
			t.Error(got)
		}
		if c.engine.totals.timedOut.Load() != 1 {
			t.Error("not counted")
		}
	})
}

// TestFailedMediaEndsItsSection gives back the ports of media that cannot flow; the rest of the call goes on, an offer opens them
// anew, and a call that has nothing left ends.
func TestFailedMediaEndsItsSection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, nil)
		two := func(addr string) string { return audio(addr, 4000, "0") + "m=video 4002 RTP/AVP 99\r\n" }
		setUp := func() {
			for _, v := range []bencode.Value{
				req("offer", "call-id", "1", "from-tag", "a", "to-tag", "b", "sdp", two("192.0.2.1")),
				req("answer", "call-id", "1", "from-tag", "a", "to-tag", "b", "sdp", two("192.0.2.2")),
			} {
				if got := result(c.ask(v)); got != "ok" {
					t.Fatal(got)
				}
			}
		}
		setUp()
		failed := func(l *fakeLeg) {
			l.cfg.Stopped(true, "internal error")
			synctest.Wait()
		}
		legs := c.relay.open()
		failed(legs[2])
		failed(legs[3]) // the other way of the same
		if left := c.relay.open(); len(left) != 2 || left[0] != legs[0] || left[1] != legs[1] {
			t.Fatalf("%d legs left, want those of audio", len(left))
		}
		setUp()
		if legs = c.relay.open(); len(legs) != 4 || legs[2].to != legs[3] || legs[3].to != legs[2] {
			t.Fatalf("%d legs after another offer", len(legs))
		}
		failed(legs[0])
		failed(legs[2])
		if n := len(c.relay.open()); n != 0 {
			t.Errorf("%d legs left", n)
		}
		if got := result(c.ask(req("query", "call-id", "1"))); got != "error: Unknown call-id" {
			t.Error(got)
		}
	})
}

func TestSilenceBeforeTheAnswerEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, nil)
		c.ask(req("offer", "call-id", "1", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0")))
		c.relay.open()[0].cfg.Stopped(false, "no media")
		synctest.Wait()
		if len(c.relay.open()) != 2 {
			t.Error("ended while it rings")
		}
	})
}

func TestOfferWithoutAnswerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, nil)
		c.ask(req("offer", "call-id", "1", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0")))
		c.setUp("2")
		time.Sleep(601 * time.Second)
		synctest.Wait()
		if n := len(c.relay.open()); n != 2 {
			t.Errorf("%d legs, want those of the answered call", n)
		}
		if got := result(c.ask(req("query", "call-id", "1"))); got != "error: Unknown call-id" {
			t.Error(got)
		}
	})
}

func TestDelayedDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, nil)
		c.setUp("1")
		remove := []string{"call-id", "1", "from-tag", "a", "to-tag", "b", "delete-delay", "30"}
		c.ask(req("delete", remove...))
		time.Sleep(20 * time.Second)
		if len(c.relay.open()) != 2 {
			t.Fatal("deleted at once")
		}
		c.setUp("1") // an offer in between calls it off
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if len(c.relay.open()) != 2 {
			t.Fatal("deleted though it was offered again")
		}
		c.ask(req("delete", remove...))
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if len(c.relay.open()) != 0 {
			t.Error("not deleted")
		}
	})
}

func TestUnknownNamesWarnOnceAndDoNoHarm(t *testing.T) {
	var log bytes.Buffer
	c := newClient(t, func(cfg *Config) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	for i := range 3 {
		v := req("offer", "call-id", fmt.Sprint(i), "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0"), "foo", "bar", "TOS", "184", "flags", "baz trust-address codec-what-ever")
		if got := result(c.ask(v)); got != "ok" {
			t.Error(got)
		}
	}
	for _, name := range []string{"name=foo", "name=baz", "name=codec-what", "name=TOS"} {
		if n := strings.Count(log.String(), name+"\n"); n != 1 {
			t.Errorf("%s: %d warnings, want 1: %s", name, n, log.String())
		}
	}
	if strings.Contains(log.String(), "trust-address") {
		t.Error("warned of a flag that is known")
	}
}

func TestWarningsAreBounded(t *testing.T) {
	var log bytes.Buffer
	w := warner{log: slog.New(slog.NewTextHandler(&log, nil)), seen: make(map[string]struct{})}
	for i := range 10_000 {
		w.once("x", []string{fmt.Sprintf("%d%s", i, strings.Repeat("y", 10_000))})
	}
	if n := strings.Count(log.String(), "\n"); n != maxWarned || len(w.seen) != maxWarned {
		t.Errorf("%d lines, %d names", n, len(w.seen))
	}
}

func TestRepliesFitIntoADatagram(t *testing.T) {
	c := newClient(t, nil)
	body := func(addr string) string {
		return audio(addr, 4000, "0") + strings.Repeat("m=video 4002 RTP/AVP 99\r\n", 11)
	}
	for i := range 40 {
		id := fmt.Sprintf("%d-%s", i, strings.Repeat("x", 60))
		for _, v := range []bencode.Value{
			req("offer", "call-id", id, "from-tag", "a", "sdp", body("192.0.2.1")),
			req("answer", "call-id", id, "from-tag", "a", "to-tag", "b", "sdp", body("192.0.2.2")),
		} {
			if got := result(c.ask(v)); got != "ok" {
				t.Fatal(got)
			}
		}
		for _, command := range []string{"query", "list"} {
			for _, enc := range []encoding{inBencode, inJSON} {
				reply := c.raw(string(encode(fmt.Sprintf("%s_%d_%d", command, i, enc), enc, req(command, "call-id", id))))
				if len(reply) > datagramRoom || !strings.Contains(reply, "ok") {
					t.Errorf("%s: %d bytes: %.80q", command, len(reply), reply)
				}
			}
		}
	}
	all := c.ask(req("list", "limit", "1000"))
	if n := all.Get("calls").Len(); n != 40 {
		t.Errorf("%d calls listed, want all when so many were asked for", n)
	}
	if n := c.ask(req("list", "limit", "3")).Get("calls").Len(); n != 3 {
		t.Errorf("%d calls listed, want 3", n)
	}
	c.room = 0
	if n := c.ask(req("list")).Get("calls").Len(); n != 32 {
		t.Errorf("%d calls listed without a limit, want 32", n)
	}
}

func TestQueryCountsPackets(t *testing.T) {
	c := newClient(t, nil)
	c.setUp("1")
	at := time.Unix(1_800_000_000, 0)
	c.relay.open()[0].received(100, at)
	c.relay.open()[1].received(50, at)
	v := c.ask(req("query", "call-id", "1"))
	if n, _ := v.Get("totals").Get("RTP").Get("packets").Int(); n != 150 {
		t.Errorf("%d packets", n)
	}
	media := v.Get("tags").Get("a").Get("medias").Items()[0]
	stream := media.Get("streams").Items()[0]
	if n, _ := stream.Get("stats").Get("bytes").Int(); n != 17200 {
		t.Errorf("%d bytes", n)
	}
	if n, _ := stream.Get("last packet").Int(); n != at.Unix() {
		t.Errorf("last packet at %d", n)
	}
	if s, _ := v.Get("tags").Get("b").Get("in dialogue with").Text(); s != "a" {
		t.Errorf("b is in dialogue with %q", s)
	}
	removed := c.ask(req("delete", "call-id", "1", "from-tag", "b", "to-tag", "a"))
	if n, _ := removed.Get("totals").Get("RTP").Get("packets").Int(); n != 150 {
		t.Errorf("%d packets in the reply to delete", n)
	}
}

func TestStatistics(t *testing.T) {
	c := newClient(t, nil)
	c.setUp("1")
	c.setUp("2")
	c.ask(req("delete", "call-id", "1", "from-tag", "a"))
	v := c.ask(req("statistics")).Get("statistics")
	for path, want := range map[string]int64{
		"currentstatistics sessionstotal": 1, "totalstatistics managedsessions": 2, "totalstatistics regularterminatedsessions": 1,
		"controlstatistics totaloffercount": 2, "controlstatistics totalanswercount": 2, "controlstatistics totaldeletecount": 1,
	} {
		group, name, _ := strings.Cut(path, " ")
		if n, ok := v.Get(group).Get(name).Int(); !ok || n != want {
			t.Errorf("%s is %d, want %d", path, n, want)
		}
	}
}

func TestMemoryOfACall(t *testing.T) {
	const calls = 2000
	c := newClient(t, nil)
	c.engine.cookies = newCookies(0, 1, 0)
	before := heap()
	for i := range calls {
		c.setUp(fmt.Sprint(i))
	}
	each := (heap() - before) / calls
	t.Logf("%d bytes a call", each)
	if each > 8<<10 {
		t.Errorf("%d bytes a call, want at most 8 KiB", each)
	}
	for i := range calls {
		c.ask(req("delete", "call-id", fmt.Sprint(i), "from-tag", "a"))
	}
	if left := heap() - before; left > 512<<10 {
		t.Errorf("%d bytes left after the last call", left)
	}
}

// heap is what is in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestBranchesOfACallAreBounded(t *testing.T) {
	c := newClient(t, nil)
	for i := range 3 * maxBranches {
		v := req("offer", "call-id", "1", "from-tag", "a", "via-branch", fmt.Sprint(i), "sdp", audio("192.0.2.1", 4000, "0"))
		if got := result(c.ask(v)); got != "ok" {
			t.Fatal(got)
		}
	}
	if n := len(c.relay.open()); n != 2*maxBranches {
		t.Errorf("%d legs, want those of %d branches", n, maxBranches)
	}
	for i := range 3 * maxForks {
		c.ask(req("answer", "call-id", "1", "from-tag", "a", "to-tag", fmt.Sprint("b", i), "sdp", audio("192.0.2.2", 5000, "0")))
	}
	c.ask(req("delete", "call-id", "1"))
	if n := len(c.relay.open()); n != 0 {
		t.Errorf("%d legs left", n)
	}
}

func TestLongNamesAreRefused(t *testing.T) {
	c := newClient(t, nil)
	long := strings.Repeat("x", maxCallID+1)
	for _, key := range []string{"call-id", "from-tag", "to-tag", "via-branch", "label"} {
		v := req("offer", "call-id", "1", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0"))
		v.SetString(key, long)
		if got := result(c.ask(v)); got != "error: Call-ID or tag too long" {
			t.Errorf("%s: %s", key, got)
		}
	}
}

func TestCloseEndsEveryCall(t *testing.T) {
	c := newClient(t, nil)
	for i := range 20 {
		c.setUp(fmt.Sprint(i))
	}
	c.engine.close(t.Context())
	if n := len(c.relay.open()); n != 0 {
		t.Errorf("%d legs left", n)
	}
	if got := result(c.ask(req("offer", "call-id", "x", "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0")))); got != "error: Parallel session limit reached" {
		t.Errorf("after the end: %s", got)
	}
}

// BenchmarkHandle is an offer, an answer and a delete without sockets and shards: what is ours of it.
func BenchmarkHandle(b *testing.B) {
	c := newClient(b, nil)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		id := fmt.Sprintf("%d-31109@127.0.0.1", i)
		for _, v := range []bencode.Value{
			req("offer", "call-id", id, "from-tag", "31109SIPpTag001", "sdp", audio("127.0.0.1", 6004, "0 8 101"), "replace", "origin session-connection"),
			req("answer", "call-id", id, "from-tag", "31109SIPpTag001", "to-tag", "31108SIPpTag011", "sdp", audio("127.0.0.1", 6000, "0"), "replace", "origin session-connection"),
			req("delete", "call-id", id, "from-tag", "31109SIPpTag001"),
		} {
			if got := result(c.ask(v)); got != "ok" {
				b.Fatal(got)
			}
		}
	}
}
