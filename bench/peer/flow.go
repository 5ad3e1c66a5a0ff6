package peer

import (
	"fmt"
	"strings"
)

// Flow writes a scenario of SIPp for a phone with several lines: exactly these messages, in this order. A line is a dialog, named
// by a letter; all share one call of SIPp, which takes what precedes "///" in a Call-ID as no part of it.
type Flow struct {
	steps strings.Builder
	seq   map[string]int
	sdp   int
}

// NewFlow returns an empty one.
func NewFlow() *Flow { return &Flow{seq: make(map[string]int)} }

const flowHeaders = `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[pid]-[call_number]-%[1]s%[2]d%[4]s;rport
      Max-Forwards: 70
      From: <sip:[tel]@[domain]>;tag=[pid]-[call_number]-%[1]s
      Call-ID: %[1]s///[call_id]
      CSeq: %[2]d %[3]s
      Contact: <sip:[tel]@[local_ip]:[local_port]>`

// send adds a request; within a dialog to is "".
func (f *Flow) send(line, method, to, more, direction string) {
	target, toHeader, repeat := "sip:"+to+"@[domain]", "To: <sip:"+to+"@[domain]>", ` retrans="500"`
	branch := method
	if to != "" && (method == "ACK" || method == "CANCEL") { // of the INVITE's own transaction (RFC 3261 17.1.1.3, 9.1)
		branch = "INVITE"
	}
	if method == "ACK" && to != "" {
		toHeader = "[last_To:]"
	}
	if to == "" {
		target, toHeader = "[$target"+line+"]", "To:[$to"+line+"]"
	}
	switch method {
	case "ACK":
		repeat = ""
	case "CANCEL":
	default:
		f.seq[line]++
	}
	body := "Content-Length: 0\n"
	if direction != "" {
		f.sdp++
		body = fmt.Sprintf(`Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=sipp 1 %d IN IP4 [local_ip]
      s=-
      c=IN IP4 [local_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0
      a=rtpmap:0 PCMU/8000
      a=%s
`, f.sdp, direction)
	}
	if more != "" {
		more += "\n      "
	}
	fmt.Fprintf(&f.steps, "  <send%s><![CDATA[\n      %s %s SIP/2.0\n      %s\n      %s\n      %s%s    ]]></send>\n",
		repeat, method, target, fmt.Sprintf(flowHeaders, line, f.seq[line], method, branch), toHeader, more, body)
}

// Receive adds a response that must come; optional ones may.
func (f *Flow) Receive(code int, optional bool) {
	attributes := ""
	if optional {
		attributes = ` optional="true"`
	}
	fmt.Fprintf(&f.steps, "  <recv response=\"%d\"%s/>\n", code, attributes)
}

// Invite calls a number on a line, and is challenged; then come the codes, the last of which is acknowledged.
func (f *Flow) Invite(line, to string, codes ...int) {
	f.send(line, "INVITE", to, "", "sendrecv")
	f.Receive(100, true)
	f.steps.WriteString("  <recv response=\"401\" auth=\"true\"/>\n")
	f.send(line, "ACK", to, "", "")
	f.send(line, "INVITE", to, "[authentication]", "sendrecv")
	f.Receive(100, true)
	for _, code := range codes[:len(codes)-1] {
		f.Receive(code, false)
	}
	f.final(line, codes[len(codes)-1])
	if codes[len(codes)-1] >= 300 {
		f.send(line, "ACK", to, "", "")
		return
	}
	f.send(line, "ACK", "", "", "")
}

// Ring calls a number on a line until it rings.
func (f *Flow) Ring(line, to string) {
	f.send(line, "INVITE", to, "", "sendrecv")
	f.Receive(100, true)
	f.steps.WriteString("  <recv response=\"401\" auth=\"true\"/>\n")
	f.send(line, "ACK", to, "", "")
	f.send(line, "INVITE", to, "[authentication]", "sendrecv")
	f.Receive(100, true)
	f.Receive(180, false)
}

// Cancel gives up a line that rings.
func (f *Flow) Cancel(line, to string) {
	f.send(line, "CANCEL", to, "", "")
	f.Receive(200, false)
	f.Receive(487, false)
	f.send(line, "ACK", to, "", "")
}

// Refer asks for a transfer to a number and waits for the outcomes that it is told of (RFC 3515), and for the end of the line.
func (f *Flow) Refer(line, to string, outcomes ...int) {
	f.send(line, "REFER", "", "Refer-To: <sip:"+to+"@[domain]>", "")
	f.Receive(202, false)
	for _, code := range outcomes {
		fmt.Fprintf(&f.steps, "  <recv request=\"NOTIFY\"><action>\n    <ereg regexp=\"SIP/2.0 %d\" search_in=\"body\" check_it=\"true\" assign_to=\"told\"/>\n  </action></recv>\n", code)
		f.steps.WriteString(flowOK)
	}
	f.steps.WriteString("  <Reference variables=\"told\"/>\n")
}

// flowOK answers the request that came last.
const flowOK = `  <send><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0
    ]]></send>
`

// final adds the response that opens the dialog, and keeps where it leads.
func (f *Flow) final(line string, code int) {
	if code >= 300 {
		f.Receive(code, false)
		return
	}
	fmt.Fprintf(&f.steps, `  <recv response="%d"><action>
    <ereg regexp=".*" search_in="hdr" header="To:" assign_to="to%[2]s"/>
    <ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="target%[2]s"/>
  </action></recv>
`, code, line)
}

// Offer sends a re-INVITE that holds (sendonly) or resumes (sendrecv).
func (f *Flow) Offer(line, direction string) {
	f.send(line, "INVITE", "", "", direction)
	f.Receive(100, true)
	f.Receive(200, false)
	f.send(line, "ACK", "", "", "")
}

// Bye ends a line.
func (f *Flow) Bye(line string) {
	f.send(line, "BYE", "", "", "")
	f.Receive(200, false)
}

// Ended waits for the server's BYE.
func (f *Flow) Ended() {
	f.steps.WriteString("  <recv request=\"BYE\"/>\n" + flowOK)
}

// Offered takes a re-INVITE of the server.
func (f *Flow) Offered() {
	f.sdp++
	fmt.Fprintf(&f.steps, `  <recv request="INVITE"/>
  <send retrans="500"><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[tel]@[local_ip]:[local_port]>
      Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=sipp 1 %d IN IP4 [local_ip]
      s=-
      c=IN IP4 [local_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0
      a=rtpmap:0 PCMU/8000
      a=sendrecv
    ]]></send>
  <recv request="ACK"/>
`, f.sdp)
}

// Pause waits as long as SIPpConfig.Pause.
func (f *Flow) Pause() { f.steps.WriteString("  <pause/>\n") }

// String is the scenario.
func (f *Flow) String() string {
	return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"flow\">\n" + f.steps.String() + "</scenario>\n"
}
