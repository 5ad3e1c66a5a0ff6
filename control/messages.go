package control

import (
	"fmt"
	"path/filepath"

	"sidetone/control/features"
	"sidetone/control/sip"
	"sidetone/control/voicemail"
)

// messages tells phones what waits for them (SPEC S18): those that subscribed to message-summary, and the others
// without being asked, when it changes and when they register.
type messages struct {
	boxes *voicemail.Mailboxes
	mail  *features.VoiceMail
	stack *sip.Stack
	code  string // the number to dial
	realm string
}

// openMessages takes what the store has; the stack and the voice mail come later.
func (s *Server) openMessages() *messages {
	m := &messages{code: s.cfg.FeatureCodes.VoiceMail, realm: s.cfg.SIP.Realm}
	m.boxes = voicemail.New(filepath.Join(s.cfg.Store.Dir, "voicemail"), s.store, m.tell, s.log)
	return m
}

// pkg is what phones subscribe to: each station its own mailbox, by its number or by the number of the voice mail.
func (m *messages) pkg() sip.EventPackage {
	return sip.EventPackage{Name: voicemail.SummaryEvent, ContentType: voicemail.SummaryType,
		State: func(tel, resource string, _ uint32) ([]byte, bool) {
			return m.summary(tel), resource == tel || m.code != "" && resource == m.code
		}}
}

func (m *messages) summary(tel string) []byte {
	account := m.code
	if account == "" {
		account = tel
	}
	return m.boxes.Waiting(tel).Summary(fmt.Sprintf("sip:%s@%s", account, m.realm))
}

// tell is told that what waits for a station has changed.
func (m *messages) tell(tel string) {
	m.stack.Notify(voicemail.SummaryEvent, tel)
	if m.code != "" {
		m.stack.Notify(voicemail.SummaryEvent, m.code) // State says to each what is its own
	}
	m.unasked(tel)
}

// registered tells a phone that has just registered, if there is anything to tell.
func (m *messages) registered(tel string) {
	if m.boxes.Waiting(tel) != (voicemail.Waiting{}) {
		m.unasked(tel)
	}
}

// unasked tells a phone that has not subscribed.
func (m *messages) unasked(tel string) {
	for _, resource := range []string{tel, m.code} {
		if m.stack.Subscribed(tel, voicemail.SummaryEvent, resource) {
			return
		}
	}
	m.stack.NotifyUnsolicited(tel, voicemail.SummaryEvent, voicemail.SummaryType, m.summary(tel))
}
