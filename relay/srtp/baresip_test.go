package srtp

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sidetone/relay/rtp"
)

// Real baresips, over SIP without TLS: one calls us with what it offers, and we call one with each
// suite it knows. We echo its voice under our own key and wait for its SRTCP report that it heard
// us. Run with SIDETONE_PEERS=1; then baresip must be there.
func TestBaresipTalksBothWays(t *testing.T) {
	if os.Getenv("SIDETONE_PEERS") == "" {
		t.Skip("set SIDETONE_PEERS=1 to call with real phones")
	}
	t.Run("it calls", func(t *testing.T) {
		t.Parallel()
		c := newBaresipCall(t)
		c.answer(t)
		c.echo(t)
	})
	for _, p := range []Profile{AES128CM80, AES128CM32, AES128GCM, AES256GCM} {
		t.Run("we call with "+p.String(), func(t *testing.T) {
			t.Parallel()
			c := newBaresipCall(t)
			c.invite(t, p)
			c.echo(t)
		})
	}
}

// baresipCall is our end of a call.
type baresipCall struct {
	sip, rtp, rtcp *net.UDPConn
	ours, theirs   Key            // the keys the two sides send with
	remote         netip.AddrPort // where baresip takes RTP
}

func newBaresipCall(t *testing.T) *baresipCall {
	return &baresipCall{sip: listenUDP(t), rtp: listenUDP(t), rtcp: listenUDP(t)}
}

// answer lets baresip call us.
func (c *baresipCall) answer(t *testing.T) {
	startBaresip(t, "127.0.0.1:0", "-e", fmt.Sprintf("/dial sip:echo@%v", addrOf(c.sip)))
	invite, phone := read(t, c.sip, "INVITE")
	offer, remote := readSDP(t, string(invite))
	chosen, err := Select(ParseOffer(offer), Profiles())
	if err != nil {
		t.Fatal(err)
	}
	local, err := chosen.Answer(newTestKey(t, chosen.Key.Profile))
	if err != nil {
		t.Fatal(err)
	}
	c.ours, c.theirs, c.remote = local.Key, chosen.Key, remote
	ok := "SIP/2.0 200 OK\r\n" + c.headers(string(invite), ";tag="+rand.Text()) + c.body(local)
	if _, err := c.sip.WriteToUDPAddrPort([]byte(ok), phone); err != nil {
		t.Fatal(err)
	}
}

// invite calls baresip with one suite.
func (c *baresipCall) invite(t *testing.T, p Profile) {
	free := listenUDP(t)
	phone := addrOf(free)
	_ = free.Close()
	startBaresip(t, phone.String())
	offer, err := Offer([]Profile{p}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	dialog := fmt.Sprintf("Max-Forwards: 70\r\nFrom: <sip:echo@%v>;tag=1\r\nTo: <sip:phone@%v>\r\nCall-ID: %s\r\n", addrOf(c.sip), phone, rand.Text())
	request := func(method, rest string) {
		via := fmt.Sprintf("Via: SIP/2.0/UDP %v;branch=z9hG4bK%s\r\n", addrOf(c.sip), method)
		line := fmt.Sprintf("%s sip:phone@%v SIP/2.0\r\n", method, phone)
		if _, err := c.sip.WriteToUDPAddrPort([]byte(line+via+dialog+"CSeq: 1 "+method+"\r\n"+rest), phone); err != nil {
			t.Fatal(err)
		}
	}
	b := make([]byte, 8192)
	for range 150 { // baresip needs a while to listen
		request("INVITE", c.body(offer[0]))
		_ = c.sip.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		n, _, err := c.sip.ReadFromUDPAddrPort(b)
		for err == nil && strings.HasPrefix(string(b[:n]), "SIP/2.0 1") {
			n, _, err = c.sip.ReadFromUDPAddrPort(b)
		}
		if err != nil {
			continue
		}
		response := string(b[:n])
		if !strings.HasPrefix(response, "SIP/2.0 200") {
			t.Fatalf("baresip answers\n%s", response)
		}
		answers, remote := readSDP(t, response)
		answer, err := ParseCrypto(answers[0])
		if err != nil {
			t.Fatal(err)
		}
		local, err := Accept(offer, answer)
		if err != nil {
			t.Fatal(err)
		}
		c.ours, c.theirs, c.remote = local.Key, answer.Key, remote
		for line := range strings.Lines(response) {
			if strings.HasPrefix(line, "To:") {
				dialog = strings.Replace(dialog, fmt.Sprintf("To: <sip:phone@%v>\r\n", phone), line, 1)
			}
		}
		request("ACK", "Content-Length: 0\r\n\r\n")
		return
	}
	t.Fatal("baresip does not answer")
}

// echo sends baresip's voice back and returns when baresip reports it.
func (c *baresipCall) echo(t *testing.T) {
	in, out := newTestContext(t, c.theirs), newTestContext(t, c.ours)
	const ourSSRC, wanted = 0x51de70e, 100
	go func() { // Ends when the test closes the socket.
		b := make([]byte, 1500)
		for n := 0; ; n++ {
			size, _, err := c.rtp.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if size, err = in.UnprotectRTP(b, b[:size]); err != nil {
				t.Errorf("packet %d of baresip: %v", n, err)
				return
			}
			rtp.SetSSRC(b, ourSSRC)
			rtp.SetSequenceNumber(b, uint16(65500+n)) // wraps on the way
			if size, err = out.ProtectRTP(b, b[:size]); err == nil {
				_, err = c.rtp.WriteToUDPAddrPort(b[:size], c.remote)
			}
			if err != nil {
				return
			}
		}
	}()

	reports := newTestContext(t, c.theirs)
	if c.theirs.Profile == AES128CM32 {
		// It cuts the tag of SRTCP short as well, against RFC 3711 5.2. We would refuse that.
		reports.current.rtcpTag, reports.current.cm.rtcpTag = 4, 4
	}
	for {
		packet, _ := read(t, c.rtcp, "SRTCP report")
		if strings.HasSuffix(string(packet), "PINGPONG") {
			continue // opens a NAT, in the clear, before the keys are there
		}
		n, err := reports.UnprotectRTCP(packet, packet)
		if err != nil {
			t.Fatalf("SRTCP of baresip: %v: %x", err, packet)
		}
		highest, lost, ok := reportOn(packet[:n], ourSSRC)
		if !ok {
			continue
		}
		t.Logf("baresip reports extended sequence number %#x, %d lost", highest, lost)
		if lost > 2 {
			t.Fatalf("%d packets lost", lost)
		}
		if highest >= 65500+wanted {
			return
		}
	}
}

// reportOn finds the report block about ssrc in a compound packet: extended highest sequence
// number and packets lost.
func reportOn(p []byte, ssrc uint32) (highest, lost uint32, ok bool) {
	for len(p) >= 8 {
		size := 4 + 4*int(binary.BigEndian.Uint16(p[2:]))
		if size > len(p) {
			return 0, 0, false
		}
		blocks := p[8:size]
		if p[1] == 200 {
			blocks = blocks[min(20, len(blocks)):]
		}
		for n := int(p[0] & 0x1f); (p[1] == 200 || p[1] == 201) && n > 0 && len(blocks) >= 24; n-- {
			if binary.BigEndian.Uint32(blocks) == ssrc {
				return binary.BigEndian.Uint32(blocks[8:]), binary.BigEndian.Uint32(blocks[4:]) & 0xffffff, true
			}
			blocks = blocks[24:]
		}
		p = p[size:]
	}
	return 0, 0, false
}

// startBaresip runs it until the test ends.
func startBaresip(t *testing.T, listen string, args ...string) {
	dir := t.TempDir()
	config := "sip_listen " + listen + "\nmodule_path /usr/lib/baresip/modules\nmodule g711.so\nmodule ausine.so\nmodule aubridge.so\nmodule srtp.so\n" +
		"module_tmp account.so\nmodule_app menu.so\naudio_source ausine,440\naudio_player aubridge,x\nausrc_srate 48000\nausrc_channels 2\n"
	for name, content := range map[string]string{
		"config":   config,
		"accounts": "<sip:phone@127.0.0.1>;regint=0;answermode=auto;mediaenc=srtp-mand;audio_codecs=PCMU\n",
		"contacts": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "baresip", append([]string{"-f", dir}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		_ = log.Close()
		if t.Failed() {
			said, _ := os.ReadFile(log.Name())
			t.Logf("baresip said:\n%s", said)
		}
	})
}

func listenUDP(t *testing.T) *net.UDPConn {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func addrOf(conn *net.UDPConn) netip.AddrPort { return conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func read(t *testing.T, conn *net.UDPConn, what string) ([]byte, netip.AddrPort) {
	b := make([]byte, 8192)
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	n, from, err := conn.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
	return b[:n], from
}

// readSDP finds the crypto attributes and the audio port of a message.
func readSDP(t *testing.T, message string) (crypto []string, remote netip.AddrPort) {
	var port uint16
	for line := range strings.Lines(message) {
		line = strings.TrimSpace(line)
		if value, ok := strings.CutPrefix(line, "a=crypto:"); ok {
			crypto = append(crypto, value)
		}
		if value, ok := strings.CutPrefix(line, "m=audio "); ok {
			if _, err := fmt.Sscan(value, &port); err != nil {
				t.Fatal(err)
			}
		}
	}
	if port == 0 || len(crypto) == 0 {
		t.Fatalf("no SDES in\n%s", message)
	}
	return crypto, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
}

// headers are those of a request that its response repeats, with our tag.
func (c *baresipCall) headers(request, tag string) string {
	var b strings.Builder
	for line := range strings.Lines(request) {
		name, _, _ := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		case "via", "from", "call-id", "cseq":
			b.WriteString(line)
		case "to":
			b.WriteString(strings.TrimSpace(line) + tag + "\r\n")
		}
	}
	return b.String()
}

// body ends a message with a description of our media under one key.
func (c *baresipCall) body(local Crypto) string {
	sdp := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"+
		"m=audio %d RTP/SAVP 0\r\na=rtcp:%d\r\na=crypto:%s\r\n", addrOf(c.rtp).Port(), addrOf(c.rtcp).Port(), local.Line())
	return fmt.Sprintf("Contact: <sip:echo@%v>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", addrOf(c.sip), len(sdp), sdp)
}
