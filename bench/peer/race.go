package peer

import "fmt"

// Races: requests sent without waiting for what became of those before, and an end that takes whatever comes.
//
//	Invite or Dial ─► Send ─► Send ─► Settle

// quietFor is how long nothing must come until a line is settled, in milliseconds.
const quietFor = 600

// As makes a line that of another station than SIPpConfig says.
func (f *Flow) As(line, tel, userID, password string) {
	f.tels[line], f.credentials[line] = tel, fmt.Sprintf("[authentication username=%s password=%s]", userID, password)
}

// Dial calls a number on a line, answers the challenge, and waits for nothing more.
func (f *Flow) Dial(line, to string) {
	f.challenged(line, to)
	f.send(line, "INVITE", to, f.authorization(line), "sendrecv")
}

// Send adds a request that is sent once, so that the next one need not wait for its answer. Within a dialog to is "".
func (f *Flow) Send(line, method, to, more, direction string) {
	f.request(line, method, to, more, direction, "")
}

// Settle takes whatever comes on a line, answers requests and acknowledges, until nothing has come for a while. Then it sends BYE,
// which is answered 200, or 481 when the line has ended. to is the number while the line's INVITE has not been answered, else "". What
// comes between two requests SIPp drops, and its sender sends it again.
func (f *Flow) Settle(line, to string) {
	f.loose = true
	f.labels++
	at := func(name string) string { return fmt.Sprintf("%s%d", name, f.labels) }
	write := func(format string, a ...any) { fmt.Fprintf(&f.steps, format, a...) }
	optional := func(what, next string) {
		write("  <recv %s optional=\"true\" timeout=\"%d\" ontimeout=\"%s\" next=\"%s\"><action>\n"+
			"    <ereg regexp=\".*\" search_in=\"msg\" assign_to=\"message\"/>\n  </action></recv>\n", what, quietFor, at("quiet"), next)
	}
	label := func(name string) { write("  <label id=\"%s\"/>\n", at(name)) }
	jump := func(name string) { write("  <nop next=\"%s\"/>\n", at(name)) }
	// invited goes to the next label when the response that came last is one to an INVITE, whose sequence number it keeps.
	invited := func(name string) {
		write(`  <nop next="%s" test="invited"><action>
    <ereg regexp="CSeq: *([0-9]+) *([A-Z]+)" search_in="var" variable="message" assign_to="any,cseq,method"/>
    <strcmp assign_to="order" variable="method" value="INVITE"/>
    <test assign_to="invited" variable="order" compare="equal" value="0"/>
  </action></nop>
`, at(name))
		jump("wait")
		label(name)
	}
	acknowledge := func(branch, target, to string) {
		write("  <send><![CDATA[\n      ACK %s SIP/2.0\n      %s\n      %s\n      Content-Length: 0\n    ]]></send>\n",
			target, fmt.Sprintf(flowHeaders, line, "[$cseq]", "ACK", branch, f.tel(line)), to)
	}
	target, party := "[$target"+line+"]", "To:[$to"+line+"]"

	label("wait")
	for _, code := range []int{100, 180, 183, 202} {
		optional(fmt.Sprintf(`response="%d"`, code), at("wait"))
	}
	for _, code := range []int{400, 404, 408, 480, 481, 486, 487, 491, 500, 503, 603} {
		optional(fmt.Sprintf(`response="%d"`, code), at("refused"))
	}
	optional(`response="200"`, at("done"))
	for _, method := range []string{"BYE", "NOTIFY", "OPTIONS", "UPDATE"} {
		optional(`request="`+method+`"`, at("asked"))
	}
	optional(`request="ACK"`, at("wait"))
	write("  <recv request=\"INVITE\" timeout=\"%d\" ontimeout=\"%s\"/>\n", quietFor, at("quiet"))
	f.accept()
	jump("wait")

	label("asked")
	f.steps.WriteString(flowOK)
	jump("wait")

	label("done")
	invited("opened")
	if to != "" {
		write("  <nop><action>\n    <ereg regexp=\"To:([^\\r\\n]*)\" search_in=\"var\" variable=\"message\" assign_to=\"any,to%[1]s\"/>\n"+
			"    <ereg regexp=\"Contact: *&lt;([^&gt;]*)\" search_in=\"var\" variable=\"message\" assign_to=\"any,target%[1]s\"/>\n  </action></nop>\n", line)
	}
	acknowledge("ACK", target, party)
	jump("wait")

	label("refused")
	invited("closed")
	if to != "" {
		acknowledge("INVITE", "sip:"+to+"@[domain]", "[last_To:]")
		jump("over")
	} else {
		acknowledge("INVITE", target, party)
		jump("wait")
	}

	label("quiet")
	f.send(line, "BYE", "", "", "")
	optional(`response="481"`, at("over"))
	f.Receive(200, false)
	label("over")
	f.steps.WriteString("  <Reference variables=\"any,message,cseq,method,order,invited\"/>\n")
}
