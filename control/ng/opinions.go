package ng

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"sidetone/relay/quality"
)

// opinion is how a conversation sounds to one side, by its own reports, under the SSRC that it sends with.
type opinion struct {
	ssrc    string
	lost    uint64 // of what was sent to it
	samples quality.Samples
}

// hear adds what a leg's peer has reported. Of two that have one SSRC the first counts.
func (v *view) hear(s *LegStats) {
	ssrc := strconv.FormatUint(uint64(s.SSRC), 10)
	if s.Samples.Count == 0 || slices.ContainsFunc(v.opinions, func(o opinion) bool { return o.ssrc == ssrc }) {
		return
	}
	v.opinions = append(v.opinions, opinion{ssrc, s.PeerLost, s.Samples})
}

// writeOpinions writes the dictionary SSRC, if anybody has reported, as rtpengine 10.5 has it: opinions in tenths, losses in
// percent, jitter in milliseconds, round trips in microseconds.
func (v *view) writeOpinions(w *reply, level detail) {
	if len(v.opinions) == 0 || level >= noMedias {
		return
	}
	slices.SortFunc(v.opinions, func(a, b opinion) int { return strings.Compare(a.ssrc, b.ssrc) })
	w.key("SSRC")
	w.dict()
	for i := range v.opinions {
		o := &v.opinions[i]
		w.key(o.ssrc)
		w.dict()
		average := o.samples.Average()
		w.sample("average MOS", &average, o.samples.Count)
		if level < countsOnly {
			w.count("cumulative loss", int64(o.lost))
		}
		if level < averagesOnly {
			w.sample("highest MOS", &o.samples.Highest, 0)
			w.sample("lowest MOS", &o.samples.Lowest, 0)
		}
		w.endDict()
	}
	w.endDict()
}

// sample writes one that was reported at some time, or the average of so many.
func (w *reply) sample(key string, s *quality.Sample, of uint32) {
	w.key(key)
	w.dict()
	w.count("MOS", int64(s.MOS))
	w.count("jitter", s.Jitter.Milliseconds())
	w.count("packet loss", int64(s.Loss)*100/256)
	if of == 0 {
		w.count("reported at", s.At/int64(time.Second))
	}
	w.count("round-trip time", s.RoundTrip.Microseconds())
	w.count("round-trip time leg", s.Leg.Microseconds())
	if of > 0 {
		w.count("samples", int64(of))
	}
	w.endDict()
}
