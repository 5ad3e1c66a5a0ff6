package peer

import (
	"cmp"
	"fmt"
	"strings"
)

// Flow writes a scenario of SIPp for a phone with several lines: exactly these messages, in this order. A line is a dialog, named
// by a letter; all share one call of SIPp, which takes what precedes "///" in a Call-ID as no part of it.
type Flow struct {
	steps       strings.Builder
	seq         map[string]int
	tels        map[string]string // of lines that are those of other stations, as credentials
	credentials map[string]string
	sdp, labels int
	loose       bool // what is not expected at a time is no failure
}

// NewFlow returns an empty one.
func NewFlow() *Flow {
	return &Flow{seq: make(map[string]int), tels: make(map[string]string), credentials: make(map[string]string)}
}

func (f *Flow) tel(line string) string { return cmp.Or(f.tels[line], "[tel]") }

func (f *Flow) authorization(line string) string {
	return cmp.Or(f.credentials[line], "[authentication]")
}

// flowHeaders are those of a request: of a line, with a sequence number, a method, a branch, of a station.
const flowHeaders = `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[pid]-[call_number]-%[1]s%[2]v%[4]s;rport
      Max-Forwards: 70
      From: <sip:%[5]s@[domain]>;tag=[pid]-[call_number]-%[1]s
      Call-ID: %[1]s///[call_id]
      CSeq: %[2]v %[3]s
      Contact: <sip:%[5]s@[local_ip]:[local_port]>`

// send adds a request that is repeated until it is answered, with more headers and, unless direction is "", an offer. Within a dialog
// to is "".
func (f *Flow) send(line, method, to, more, direction string) {
	f.request(line, method, to, more, direction, ` retrans="500"`)
}

func (f *Flow) request(line, method, to, more, direction, repeat string) {
	target, toHeader := "sip:"+to+"@[domain]", "To: <sip:"+to+"@[domain]>"
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
		repeat, method, target, fmt.Sprintf(flowHeaders, line, f.seq[line], method, branch, f.tel(line)), toHeader, more, body)
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
	f.Dial(line, to)
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
	f.Dial(line, to)
	f.Receive(100, true)
	f.dialog(line, 180)
}

// challenged calls a number on a line until the challenge.
func (f *Flow) challenged(line, to string) {
	f.send(line, "INVITE", to, "", "sendrecv")
	f.Receive(100, true)
	f.steps.WriteString("  <recv response=\"401\" auth=\"true\"/>\n")
	f.send(line, "ACK", to, "", "")
}

// Cancel gives up a line that rings.
func (f *Flow) Cancel(line, to string) {
	f.send(line, "CANCEL", to, "", "")
	f.Receive(200, false)
	f.Receive(487, false)
	f.send(line, "ACK", to, "", "")
}

// Refer asks for a transfer to a number and waits for the outcomes that it is told of (RFC 3515).
func (f *Flow) Refer(line, to string, outcomes ...int) {
	f.send(line, "REFER", "", "Refer-To: <sip:"+to+"@[domain]>", "")
	f.Receive(202, false)
	f.Told(outcomes...)
}

// ReferTo asks that the party of a line be joined with that of another one (RFC 3891), which has been answered or rings.
func (f *Flow) ReferTo(line, other, to string, outcomes ...int) {
	f.send(line, "REFER", "", fmt.Sprintf("Refer-To: <sip:%[1]s@[domain]?Replaces=[$id%[2]s]%%40[$host%[2]s]%%3Bto-tag%%3D[$tag%[2]s]%%3Bfrom-tag%%3D[pid]-[call_number]-%[2]s>",
		to, other), "")
	f.Receive(202, false)
	f.Told(outcomes...)
}

// Told takes a NOTIFY for each outcome of a transfer.
func (f *Flow) Told(outcomes ...int) {
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

// final adds the response that opens the dialog, or refuses it.
func (f *Flow) final(line string, code int) {
	if code >= 300 {
		f.Receive(code, false)
		return
	}
	f.dialog(line, code)
}

// dialog adds a response that makes a dialog, and keeps what names it and where it leads.
func (f *Flow) dialog(line string, code int) {
	fmt.Fprintf(&f.steps, `  <recv response="%d"><action>
    <ereg regexp=".*" search_in="hdr" header="To:" assign_to="to%[2]s"/>
    <ereg regexp="tag=([^;]*)" search_in="hdr" header="To:" assign_to="any,tag%[2]s"/>
    <ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="target%[2]s"/>
    <ereg regexp="([^ @]*)@(.*)" search_in="hdr" header="Call-ID:" assign_to="any,id%[2]s,host%[2]s"/>
  </action></recv>
  <Reference variables="any,to%[2]s,tag%[2]s,target%[2]s,id%[2]s,host%[2]s"/>
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
	f.steps.WriteString("  <recv request=\"INVITE\"/>\n")
	f.accept()
	f.steps.WriteString("  <recv request=\"ACK\"/>\n")
}

// accept answers the INVITE that came last.
func (f *Flow) accept() {
	f.sdp++
	fmt.Fprintf(&f.steps, `  <send retrans="500"><![CDATA[
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
`, f.sdp)
}

// Pause waits as long as SIPpConfig.Pause.
func (f *Flow) Pause() { f.steps.WriteString("  <pause/>\n") }

// String is the scenario.
func (f *Flow) String() string {
	return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"flow\">\n" + f.steps.String() + "</scenario>\n"
}
