package simulator

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"ramier/internal/smpp"
)

// A record is a line of the journal: one of its fields is set.
type record struct {
	Taken    *takenRecord    `json:"taken,omitempty"`
	State    *stateRecord    `json:"state,omitempty"`
	Replaced *replacedRecord `json:"replaced,omitempty"`
	Reply    *replyRecord    `json:"reply,omitempty"`
	Settled  *settledRecord  `json:"settled,omitempty"`
	Refused  bool            `json:"refused,omitempty"` // a submission was
	Handset  *handsetRecord  `json:"handset,omitempty"`
	Totals   *totalsRecord   `json:"totals,omitempty"`
}

// takenRecord is a part that was taken. Parts are numbered, since those for several receivers share an id.
type takenRecord struct {
	Part       uint64      `json:"part"`
	ID         uint64      `json:"id"`
	Client     latin       `json:"client"`
	Source     place       `json:"source"`
	Dest       place       `json:"dest"`
	Octets     []byte      `json:"octets"`
	Coding     byte        `json:"coding,omitempty"`
	Flash      bool        `json:"flash,omitempty"`
	Concat     smpp.Concat `json:"concat,omitzero"`
	Registered byte        `json:"registered,omitempty"`
	Shared     bool        `json:"shared,omitempty"`
	Behaviour  string      `json:"behaviour"`
	Taken      int64       `json:"taken"`
	Start      int64       `json:"start"`
	Expires    int64       `json:"expires"`
	Due        int64       `json:"due"`
	Seq        uint64      `json:"seq,omitempty"` // of the text that it completes
	Unanswered bool        `json:"unanswered,omitempty"`
}

// stateRecord is a step in the life of a part, with how many receipts of it were made.
type stateRecord struct {
	Part     uint64 `json:"part"`
	State    byte   `json:"state"`
	Err      uint16 `json:"err,omitempty"`
	Due      int64  `json:"due"`             // when it was, or when the next step is
	First    uint64 `json:"first,omitempty"` // number of the first receipt
	Receipts int    `json:"receipts,omitempty"`
}

type replacedRecord struct {
	Part       uint64 `json:"part"`
	Octets     []byte `json:"octets"`
	Registered byte   `json:"registered,omitempty"`
	Start      int64  `json:"start"`
	Expires    int64  `json:"expires"`
	Due        int64  `json:"due"`
	Step       int    `json:"step,omitempty"`
}

// replyRecord is what a handset wrote: by itself if it is about a part. Then there are no PDUs if nobody could be written to.
type replyRecord struct {
	About  uint64   `json:"about,omitempty"`
	Client latin    `json:"client,omitempty"`
	First  uint64   `json:"first,omitempty"` // number of the first piece
	PDUs   [][]byte `json:"pdus,omitempty"`
}

// settledRecord says that a receipt, or a piece of a reply, needs not be sent any more.
type settledRecord struct {
	Number  uint64 `json:"number"`
	Dropped bool   `json:"dropped,omitempty"`
}

// handsetRecord keeps of a handset what the messages that are still in the journal do not tell.
type handsetRecord struct {
	Number string `json:"number"`
	Count  uint64 `json:"count"`
	Writer place  `json:"writer,omitzero"`
	Client *latin `json:"client,omitempty"`
}

// totalsRecord keeps what was counted and given before, including what is no more in the journal.
type totalsRecord struct {
	NextID    uint64     `json:"nextId"`
	Seq       uint64     `json:"seq"`
	Part      uint64     `json:"part"`
	Delivery  uint64     `json:"delivery"`
	Reference byte       `json:"reference,omitempty"`
	Count     counters   `json:"count"`
	Receipts  Deliveries `json:"receipts"`
	Replies   Deliveries `json:"replies"`
}

func (r record) line() []byte {
	line, err := json.Marshal(r)
	if err != nil {
		panic("simulator: a record cannot be written: " + err.Error()) // none of its types can fail
	}
	return append(line, '\n')
}

// eachLine gives the whole lines, each with its end. What follows the last one was torn.
func eachLine(from io.Reader, do func([]byte) error) error {
	r := bufio.NewReaderSize(from, 1<<20)
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = do(line)
		}
		if err != nil {
			return err
		}
	}
}

// latin is a string of any octets, of which JSON has those above 127 as the characters of the same number.
type latin string

// MarshalText turns octets into characters.
func (l latin) MarshalText() ([]byte, error) {
	text := make([]byte, 0, len(l))
	for i := range len(l) {
		text = append(text, string(rune(l[i]))...)
	}
	return text, nil
}

// UnmarshalText turns characters into octets.
func (l *latin) UnmarshalText(text []byte) error {
	octets := make([]byte, 0, len(text))
	for _, r := range string(text) {
		octets = append(octets, byte(r))
	}
	*l = latin(octets)
	return nil
}

// place is an address as 1/1/33639980000.
type place smpp.Address

// MarshalText writes type, plan and number.
func (p place) MarshalText() ([]byte, error) {
	return latin(fmt.Sprintf("%d/%d/%s", p.TON, p.NPI, p.Addr)).MarshalText()
}

// UnmarshalText reads them.
func (p *place) UnmarshalText(text []byte) error {
	var whole latin
	if err := whole.UnmarshalText(text); err != nil {
		return err
	}
	ton, rest, _ := strings.Cut(string(whole), "/")
	npi, addr, ok := strings.Cut(rest, "/")
	t, err := strconv.ParseUint(ton, 10, 8)
	n, other := strconv.ParseUint(npi, 10, 8)
	if !ok || err != nil || other != nil {
		return fmt.Errorf("%q is no address", whole)
	}
	*p = place{TON: smpp.TON(t), NPI: smpp.NPI(n), Addr: addr}
	return nil
}
