// Package versus measures two servers in turn, A B A B, with the same calls and packets, and reports the ratios.
//
//	Config{Self, Peer} ──► Run ──► runner, on a thread of its own: own network, generator's core     run.go
//	                                 │ where it is wished: cores kept from halting                 awake.go
//	                                 │ for each round, for each contender
//	                                 ▼
//	  Contender.Start ──► server process on the server's core ──► stage: ping, warm up, steps        stage.go
//	                                 │                                     │ load.Generator
//	                                 ▼                                     ▼
//	  relay, srtp, transcode: packets.go, hardship.go    signal: signal.go    mix: mix.go
//	                                 │ Samples, watch (foreign load, drops, generator): watch.go
//	                                 ▼
//	                           report.Report
//
// Every round starts both servers afresh, one at a time, so neither inherits the other's state, nor its own. Only
// cmd calls it. A run ends within its plan's bounds, or when ctx ends; the servers end with it.
//
// What is measured, and under which key (RATE is packets a second that reach the server):
//
//	cpu_per_packet_us@RATE   the server's time on its core for each packet passed on, by the kernel's account
//	p50_us@RATE, p99_us@RATE from when a packet was due to its arrival; lost_percent@RATE
//	capacity                 the most packets/s with p99 under 10 ms and none lost, on 2,000 legs
//	memory_per_call_bytes    growth of the resident set from none to 1,000 calls with media, for each
//	files_per_call           the same of open files
//	cpu_200_legs_us, cpu_10000_legs_us   time a packet at 50,000 packets/s, ours alone
//	sockets_10000_legs, memory_per_call_10000_legs_bytes   with as many open: sockets, and growth since before the first call
//	burst_silent_streams     of 50 that had 3,000 packets/s each for 1.5 s, those with nothing for 100 ms after it
//	burst_recovery_us        until the last of them flows again; a second when one does not within that
//	p999_us@60%, lost_percent@60%        in a minute at 60 % of the capacity that was found, in the last round, or that was told
//	way_p999_us@60%          the same from when a packet was sent: what the server was late, without what the generator was
//	waited_us@60%, stolen_us@60%   of that run, for which the server's busiest thread was ready while another had the core, and the host had it
//	cpu_per_participant_packet_us   the server's time for a packet of one who talks in a conference of five and the one he is sent,
//	                         60 conferences; heard_percent: the packets that were right by ear; memory_per_participant_bytes
//	tick_p99_us, tick_p999_us   how much later than at its earliest a member's packet comes, one each 20 ms
//	idle_5000_rooms_core_percent   what a server with 5,000 empty rooms needs at rest; ours alone
//	tick_p999_us@70%         the same, ours alone, with as many conferences as take 70 % of the core: conferences@70%, core_percent@70%,
//	                         and what held it up then, waited_us@70%, stolen_us@70%
//	ng_p50_us, ng_p99_us     offer and answer of one call together, at 400 calls/s
//	ng_calls_per_second      offer, answer, delete, sixteen calls at once
//	calls_per_second         whole SIP calls, 32 at once, from INVITE to both BYEs; call_setup_p50_us to the 200; ours alone
//
// Limits: Linux, two cores; without root the network is the shared loopback and nobody is given precedence.
package versus
