package versus

import (
	"context"
	"fmt"
	"time"

	"sidetone/bench/load"
)

// How requests are sent.
const (
	signalInterval = 2500 * time.Microsecond // between calls: 400 a second
	churnSlots     = 16
	portsRest      = 3 * time.Second // for so long a server may keep the ports of an ended call back
)

// The keys of whole SIP calls, ours alone.
const (
	sipCallsKey    = "calls_per_second"
	sipSetupP50Key = "call_setup_p50_us"
	sipSetupP99Key = "call_setup_p99_us"
)

// signalKeys are what signal measures of both servers.
var signalKeys = []string{"ng_p50_us", "ng_p99_us", "offer_p50_us", "offer_p99_us", "answer_p50_us", "answer_p99_us",
	"delete_p50_us", "delete_p99_us", "ng_calls_per_second"}

// signal is one round of requests, and of SIP calls where the contender takes them.
func (s *stage) signal(ctx context.Context, own bool) error {
	if err := s.warmUp(ctx); err != nil {
		return err
	}
	s.progress("requests")
	if err := s.watch.begin(s.process); err != nil {
		return err
	}
	if _, err := s.generator.Signal(ctx, signalInterval, s.plan.warm); err != nil {
		return err
	}
	res, err := s.generator.Signal(ctx, signalInterval, s.plan.signal)
	if err != nil {
		return err
	}
	if res.Calls < fewestRequests {
		s.watch.note("few "+s.contender.Name, fmt.Sprintf("%s: %d calls are few for a p99", s.contender.Name, res.Calls))
	}
	for _, part := range []struct {
		name string
		h    *load.Histogram
	}{{"ng", &res.Setup}, {"offer", &res.Offer}, {"answer", &res.Answer}, {"delete", &res.Delete}} {
		s.samples.Add(part.name+"_p50_us", float64(part.h.Percentile(0.5))*microseconds)
		s.samples.Add(part.name+"_p99_us", float64(part.h.Percentile(0.99))*microseconds)
	}
	s.progress("many calls at once")
	calls, took, err := s.generator.Churn(ctx, churnSlots, s.plan.churn, s.mostCalls())
	if err != nil {
		return err
	}
	s.samples.Add("ng_calls_per_second", float64(calls)/took.Seconds())
	if own && s.contender.SIP {
		s.progress("ports rest")
		select {
		case <-time.After(portsRest):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := s.sipCalls(ctx); err != nil {
			return err
		}
	}
	const what = "signalling"
	if err := s.watch.end(s.contender.Name, what, s.process, 0); err != nil {
		return err
	}
	s.watch.host(s.contender.Name, what)
	return nil
}

// mostCalls is how many calls may follow each other without a port being used twice: two pairs a call, and a fifth of the range
// for the requests before.
func (s *stage) mostCalls() int { return (int(s.place.LastPort-s.place.FirstPort) + 1) / 2 * 2 / 5 }

// sipCalls counts whole calls between stations.
func (s *stage) sipCalls(ctx context.Context) error {
	s.progress("SIP calls")
	res, err := load.SIPCalls(ctx, load.SIPConfig{Server: s.place.SIP, Callers: s.place.Callers, Callees: s.place.Callees, Window: s.plan.churn})
	if err != nil {
		return err
	}
	s.samples.Add(sipCallsKey, float64(res.Calls)/s.plan.churn.Seconds())
	s.samples.Add(sipSetupP50Key, float64(res.Setup.Percentile(0.5))*microseconds)
	s.samples.Add(sipSetupP99Key, float64(res.Setup.Percentile(0.99))*microseconds)
	return nil
}
