// Package peer drives real SIP programs that somebody else wrote: baresip and linphonec as phones, SIPp as a
// protocol script, Kamailio as a proxy and rtpengine as a media server, so that what a test shows does
// not rest on this project's own phones.
//
//	test ──Dial, Hold, Feature…──► Baresip ──netstrings of JSON over TCP──► baresip process
//	  │                            baresip.go control.go                     │ speaks a WAV (aufile)
//	  ◄──Hear, Listen── recording ◄── dump-…-dec.wav, what it decoded ◄────────┘ (sndfile)
//	  │                 recording.go
//	  ├──StartLinphone──► linphonec process, commands typed, answers in its log; speaks and records WAV
//	  │  linphone.go
//	  ├──RunSIPp──► sipp process with a scenario of sipp/*.xml or a Flow (flow.go, race.go), answers in its log, speaks or echoes
//	  │  sipp.go
//	  └──StartKamailio──► kamailio process with kamailio.cfg, commands by RPC, reports of media in its log
//	     kamailio.go       │ ng
//	                       ▼ sidetone, at KamailioConfig.Engine
//	bench ──StartRTPEngine, StartServer──► a media server on one core, to be measured (rtpengine.go server.go);
//	                                       the kernel kills it when the thread that started it ends
//
// Everything runs on loopback with free ports in scratch directories, in process groups that Close
// kills, under a time limit of its own should the test itself die. Missing says how to install what is
// not there; Need turns that into a failure where SIDETONE_PEERS=required or CI=true, into a skip elsewhere.
//
// Limits: G.711; passwords without ';', '"', '<' or '>', which baresip's account lines cannot carry.
package peer
