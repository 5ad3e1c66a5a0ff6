// Package audio makes the test signals that the bench phones speak and judges what they heard.
//
//	Oscillator ─┐                                         ┌─ Level, Levels   dB of one frequency
//	Chirp ──────┴► []int16 ► G711 ► (the system) ► []int16 ┼─ Gaps            where a tone drops out
//	  tone.go        8 kHz    g711.go                      ├─ Find            delay, by a marker
//	  chirp.go                                             ├─ Residual        what no tone explains
//	                                ReadWAV, WriteWAV ─────┴─ Listen          all of it, per party
//	                                  wav.go                   level.go gap.go residual.go listen.go
//
// Everybody in a test speaks a sine of his own frequency (Voices), so that a recording tells who was
// heard, how loud, and with which holes: silence can never pass for a good line.
//
// Levels are dBFS: 0 is a sine of full scale (amplitude 32767). PCM is mono int16 at a stated rate.
// The G.711 here is written independently of sidetone's own, since a test must not share the code it
// tests. Everything is plain computation without goroutines or state; any goroutine may call it.
//
// Limits: levels of tones closer than 200 Hz blur in the 20 ms windows that Gaps uses; Voices keeps
// over 300 Hz. Nothing here is fast.
package audio
