// Package moh is music on hold: a built-in melody and WAV, FLAC, MP3 and Ogg (Vorbis, Opus) files, decoded once into memory, brought to one
// loudness, and read by any number of players.
//
//	ogg.go ─► oggopus.go, oggvorbis.go
//	               └─► oggaudio.go ─┐
//	wav.go, flac.go, mp3.go, lame.go ─► audio.go ─► resample.go ─► loudness.go ─┐ Library.Load, library.go
//	                                                                            ▼
//	score.go: the piece ─► synth.go ─────────────────────────────────► Track (samples at one rate)
//	                                                                            ▼
//	                                                    Playlist (list of tracks, in order or shuffled)
//	                                                                            │ Cursor(), one a player
//	                                                                            ▼
//	                                              Cursor.Read ─► mixer.Player ─► every listener of the class
//
// leveller.go: a stream ─► Leveller.Next ─┐
// live.go: Live.Write, 20 ms at a time ◄──┘ Live ─► LiveCursor.Read ─► mixer.Player, with a Playlist while nothing is written
//
// A Library is used when the configuration is read, from any goroutine; a reload makes a new one. Playlist reads the headers
// of files, and says what is wrong with them; Load, in the background, the audio, until when the melody is played. Tracks and
// playlists are shared by all shards; a Cursor belongs to the shard whose player reads it, and all cursors of a playlist
// go through the same tracks in the same order.
//
// Files are brought to -26 LUFS (ITU-R BS.1770-5, gated), as loud as the melody and as speech at the usual level; at most 24 dB
// are added, and peaks stay 1 dB below full scale. Of an MP3 the samples that the encoder put around the audio are left out, as its
// LAME tag says, so that a file loops without a gap. Streams are brought there by a gain that follows their loudness of the last half
// minute by 6 dB a second at most, which takes a few seconds at their beginning.
//
// Limits: integer samples, one or two channels, 8 to 192 kHz, of MP3 16 to 48 (MPEG 1 and 2); a chain of Ogg streams is of one codec and rate; a library holds LibraryConfig.Limit bytes of decoded audio,
// 128 MiB by default (70 minutes at 16 kHz).
package moh
