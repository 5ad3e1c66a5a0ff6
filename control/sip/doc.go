// Package sip is the SIP side of the server: sockets, transactions, dialogs, digest and registrar.
//
//	    UDP socket (datagram.go)      TCP/TLS connection (listen.go, stream.go, frame.go)
//	           │ one reading goroutine each: messages stay in network order
//	           ▼
//	whitelist ─► throttle ─► looksLikeSIP ─► sipgo's parser (parse.go) ─► broken, unacceptable (validate.go, body.go)
//	           ▼
//	Stack.receive (receive.go) ── retransmissions end at serverTx, responses go to clientTx
//	   │                  │                             │
//	   │ in a dialog      │ new INVITE                  │ REGISTER
//	   ▼                  ▼                             ▼
//	Dialog.post      Config.OnInvite(*Invite)      receiveRegister ─► exclusive ─► digestAuth ─► Registrar
//	   │              Authenticate, Reply | Accept           (exclusive.go, access.go, digest.go, nonce.go,
//	   │                                                      registrar.go, binding.go)
//	   ▼ inbox.go
//	the owner's Actor: Dialog (dialog.go, uas.go, uac.go, offer.go, indialog.go,
//	                      prack.go, session.go, display.go) ─► notify(Event)
//
// The other way round, towards carriers: Stack.Resolve (resolve.go) finds the hops of a name, Registration
// (registration.go) keeps us registered at one of them, and clientAuth (clientauth.go) answers their challenges.
//
// SUBSCRIBE makes a subscription (subscribe.go) to an EventPackage of the configuration; Stack.Notify tells all of
// them of a change (notifier.go). Phones behind NAT are asked by OPTIONS whether they are there (qualify.go). Restore
// (restore.go) brings registrations back after a restart, Bury (orphan.go) ends dialogs that did not survive it, Config.AccessLog the access log (access.go).
//
// What is sipgo's and what is ours. sipgo's sip package parses and prints messages. Its transaction layer starts a
// goroutine for each message, after which INVITE and CANCEL, or two INFOs, come in any order, and a retransmission
// cannot be told from a message still on its way; its client transaction sleeps four seconds, holding its lock, when
// an ACK was lost; its timers are global. Its transport layer logs every broken packet whole and can answer none of
// them, forgets no UDP source, and picks the wrong connection when told where to send from. So the machines of RFC
// 3261 17 and RFC 6026 (clienttx.go, servertx.go) and the sockets are ours: small, synchronous, with timers per stack.
//
// Order. Reading goroutines run everything up to the actor synchronously, so what a peer sends over one socket or
// connection reaches handlers in the order it came. Each dialog's messages and timers go through its inbox to one
// actor, also while SetActor moves the dialog to another one.
//
// Who may call what: Stack, Registrar and Flow from any goroutine; a Registration's Run once. Stack.Invite and the
// methods of Dialog only on the dialog's actor. Config.OnInvite and RegistrarConfig.OnChange are called on reading
// goroutines and must not block.
//
// Floods. What a stranger asks is answered once and without keeping anything: a transaction is for who has proved who he is, is in
// a dialog, or calls from a trunk's address. A source of strangers is read 2,000 times at once and 500 times a second (throttle.go);
// more of it is thrown away unread, those we know from the same address are not. Of too many connections the oldest stranger's is
// closed. What cannot be done for want of room is answered 503 with Retry-After; what the kernel's buffer lost comes again.
//
// Limits: messages of 65,535 bytes, streams of Config.MaxConnections, 256 early CANCELs, 16 contacts in a REGISTER, 16 parts in a body,
// 131,072 nonces in use, 16,384 sources that failed, as many strangers told apart, 131,072 peers known, 1,000 rows of the access log, 16 hops of a name, one log line a
// second for each kind of bad input. The target of an INVITE without a Flow is a literal address; names are resolved
// before. NAPTR is not looked up. Extensions other than 100rel and timer that a request requires get 420.
package sip
