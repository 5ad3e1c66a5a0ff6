package voicemail

// Script is what a caller is to hear next.
type Script struct {
	// Say are prompts, in order.
	Say []string
	// Play is the message to be played after them, "" for none.
	Play string
	// Then are prompts after the message.
	Then []string
	// Tone, then record: the greeting is over.
	Record bool
	// End: hang up after it.
	End bool
}

// Greeting is what a caller hears whose call was forwarded to the voice mail of a station.
func Greeting(tel string, full bool) Script {
	if full {
		return Script{Say: []string{"mailbox-full"}, End: true}
	}
	say := append([]string{"greeting-before"}, digits(tel)...)
	return Script{Say: append(say, "greeting-after"), Record: true}
}

// Recorded is what the caller hears who ended the message with a key.
func Recorded() Script { return Script{Say: []string{"thank-you"}, End: true} }

// patience is how often a choice is asked for without an answer.
const patience = 3

// Menu is one station listening to its messages.
//
//	counts ──1──► message ──► choices ──7──► deleted ─┐
//	  │              ▲  ▲        │  ├────9──► saved ───┤
//	  #              │  └───5────┘  ├──4, 6───────────►│ the one before, the next
//	  ▼              └─────────────────────────────────┘ none left: "no more", counts
//	 end
type Menu struct {
	box   *Mailboxes
	tel   string
	list  []Message
	at    int // in list; -1 before the first
	asked int // how often in a row nothing was chosen
}

// NewMenu makes the menu for a station's own call.
func NewMenu(box *Mailboxes, tel string) *Menu {
	return &Menu{box: box, tel: tel, list: box.Messages(tel), at: -1}
}

// Begin is what the station hears first.
func (m *Menu) Begin() Script {
	m.at = -1
	say := m.counts()
	if len(m.list) == 0 {
		return Script{Say: append(say, "good-bye"), End: true}
	}
	return Script{Say: append(say, "first-menu")}
}

// counts says how many messages there are.
func (m *Menu) counts() []string {
	fresh, old := 0, 0
	for _, msg := range m.list {
		if msg.Heard {
			old++
		} else {
			fresh++
		}
	}
	say := append([]string{"you-have"}, some(fresh, "new-message")...)
	if old > 0 {
		say = append(append(say, "and"), some(old, "saved-message")...)
	}
	return say
}

func some(n int, what string) []string {
	switch n {
	case 0:
		return []string{"no", what + "s"}
	case 1:
		return []string{"1", what}
	}
	return append(number(n), what+"s")
}

// Finished is what follows when everything was said and no key was pressed; the caller waits a few seconds before it
// asks.
func (m *Menu) Finished() Script {
	if m.asked++; m.asked >= patience {
		return end()
	}
	if m.at < 0 {
		return m.Begin()
	}
	return Script{Say: []string{"message-menu"}}
}

func end() Script { return Script{Say: []string{"good-bye"}, End: true} }

// Press is what follows a key, which cuts short what is being said.
func (m *Menu) Press(key byte) Script {
	m.asked = 0
	switch {
	case key == '#':
		return end()
	case m.at < 0 && key == '1':
		return m.play(0)
	case m.at < 0:
		return Script{Say: []string{"not-a-choice", "first-menu"}}
	}
	switch key {
	case '4':
		return m.play(max(0, m.at-1))
	case '5':
		return m.play(m.at)
	case '6':
		return m.play(m.at + 1)
	case '7':
		m.box.Delete(m.tel, m.list[m.at].ID)
		m.list = append(m.list[:m.at:m.at], m.list[m.at+1:]...)
		return m.play(m.at, "deleted")
	case '9':
		return m.play(m.at+1, "saved")
	}
	return Script{Say: []string{"not-a-choice", "message-menu"}}
}

// play announces a message and plays it; it is then one that was heard.
func (m *Menu) play(i int, before ...string) Script {
	if i >= len(m.list) {
		m.at = -1
		say := append(before, "no-more")
		if len(m.list) == 0 {
			return Script{Say: append(say, "good-bye"), End: true}
		}
		return Script{Say: append(say, "first-menu")}
	}
	m.at = i
	msg := &m.list[i]
	if !msg.Heard {
		msg.Heard = true
		m.box.Heard(m.tel, msg.ID)
	}
	say := append(before, "message")
	say = append(append(say, number(i+1)...), "from")
	if caller := digits(msg.From); len(caller) > 0 {
		say = append(say, caller...)
	} else {
		say = append(say, "unknown")
	}
	return Script{Say: say, Play: msg.ID, Then: []string{"message-menu"}}
}
