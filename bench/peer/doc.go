// Package peer drives real SIP programs that somebody else wrote: baresip as a phone and SIPp as a
// protocol script, so that what a test shows does not rest on this project's own phones.
//
//	test ──Dial, Hold, Feature…──► Baresip ──netstrings of JSON over TCP──► baresip process
//	  │                            baresip.go control.go                     │ speaks a WAV (aufile)
//	  ◄──Hear, Listen── recording ◄── dump-…-dec.wav, what it decoded ◄────────┘ (sndfile)
//	  │                 recording.go
//	  └──RunSIPp──► sipp process with a scenario of sipp/*.xml, answers in its log
//	     sipp.go
//
// Everything runs on loopback with free ports in scratch directories, in process groups that Close
// kills, under a time limit of its own should the test itself die. Missing says how to install what is
// not there; Need turns that into a failure where CI=true and into a skip elsewhere.
//
// Limits: G.711; passwords without ';', '"', '<' or '>', which baresip's account lines cannot carry.
package peer
