// Package prompt holds the words that machines of ours speak: voice mail, conference rooms.
//
//	spoken/make.sh ── espeak-ng ──► spoken/*.ul ── embedded ──► Say ──► call.Attendance.Play, media.Room.Play
//
// It imports nothing of the project but the G.711 tables, and may be used from any goroutine.
//
// Limits: English; 8 kHz.
package prompt
