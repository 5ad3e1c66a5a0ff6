// Package plc conceals lost audio by repeating the pitch, as ITU-T G.711 Appendix I describes.
//
//	good frame ──► Concealer.Good ──┬─ after a loss: merge with the repetition (conceal.go) ─┐
//	                                └────────────────────────────────────────────────────────┤
//	lost frame ──► Concealer.Lost ──► pitch of the last 35 ms (pitch.go) ──► repeat, fade ───┤
//	                                                                                         ▼
//	                                              history, 48.75 ms ──► out, 3.75 ms later than in
//
// The delay is what lets the last quarter of a pitch period before a loss be blended into the
// repetition. The first 10 ms repeat one period at full level, then two and three periods, fading
// by a fifth each 10 ms; after 60 ms there is silence. On recovery the repetition goes on beneath the
// first good samples for 4 ms longer with each 10 ms that were lost, and is faded over into them.
//
// A Concealer belongs to one decoded stream and one goroutine. It works at 8 kHz as in the
// recommendation and at any multiple of it with every length scaled.
//
// Limits: one channel; losses are counted in 10 ms steps.
package plc
