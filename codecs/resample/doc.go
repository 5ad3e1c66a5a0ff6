// Package resample converts streams of samples between 8, 16, 32 and 48 kHz, frame by frame, in fixed point.
//
//	         ┌──────────────── Resampler (resampler.go) ───────────────┐
//	[]int16 ─┼─► history, frame ─► convolve ─► round, saturate ────────┼─► []int16
//	 rate    │                        ▲      convolve.go is the truth, │    rate
//	 from    │       bank (bank.go): taps by phase      _amd64.s faster│    to
//	         └────────────────────────┬────────────────────────────────┘
//	                prototypes (taps.go), designed by design_test.go
//
// A ratio of the rates has one linear-phase low-pass, of 32 taps for each sample of the lower rate,
// split into phases (Crochiere and Rabiner, Multirate Digital Signal Processing, section 3.3): flat
// within 0.3 dB to 0.425 of the lower rate (3.4 kHz at 8) and at least 60 dB down from half of it on
// (4 kHz), so that no tone has an image or an alias above that. It delays by less than 16 samples of
// the lower rate: 2 ms at 8 kHz, 1 at 16, 0.5 at 32.
//
// A Resampler has the memory of one stream and is used by one goroutine at a time; Resample is on the
// hot path. The banks are filled before main and never written again.
//
// Limits: one channel; the four rates. A file of another rate is resampled when it is loaded (mixer/moh).
package resample
