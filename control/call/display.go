package call

// What a phone's display shows of the other party, which changes when a call is answered elsewhere, transferred, picked
// up, retrieved (sip.Dialog.Show). Only our stations are told, and of a party that does not want to be shown, nothing.
//
//	                              217's display
//	217 ── INVITE 218 ──► call    218             218 is forwarded to 219
//	217 ◄── 180, 200 ──── call    219             219 answers, and transfers to 220
//	217 ◄── UPDATE ────── call    220

// display makes the leg's phone show a party from the next message on that goes to it.
func (l *Leg) display(party *Leg) {
	if l.outside == nil {
		l.dialog.Show(party.shownTo(l.station))
	}
}

// present makes a phone show whom it talks with. In a room, and while nobody is there, it goes on showing who was there
// last.
func (c *Call) present(l *Leg) {
	peer := c.other(l)
	if !l.live() || !l.answered || l.room != nil || !peer.live() || !peer.answered || peer.room != nil {
		return
	}
	l.display(peer)
}
