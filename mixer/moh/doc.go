// Package moh is music on hold: a built-in melody and WAV files, decoded once into memory and read
// by any number of players.
//
//	score.go: the piece ─► synth.go ─┐
//	                                 ├─► Track (immutable samples at one rate) ─► Library, by file and rate
//	wav.go ─► resample.go ───────────┘                                              │ library.go
//	                                                                                ▼
//	                                                              Playlist (immutable list of tracks)
//	                                                                                │ Cursor(), one a player
//	                                                                                ▼
//	                                              Cursor.Read ─► mixer.Player ─► every listener of the class
//
// A Library is used when the configuration is read, from any goroutine; a reload makes a new one. Tracks and
// playlists are immutable and shared by all shards; a Cursor belongs to the shard whose player reads it.
//
// Limits: WAV with integer samples of 8, 16, 24 or 32 bits, one or two channels, 8 to 48 kHz; a library holds
// LibraryConfig.Limit bytes of decoded audio, 64 MiB by default (70 minutes at 8 kHz).
package moh
