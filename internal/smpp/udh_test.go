package smpp_test

import (
	"bytes"
	"reflect"
	"testing"

	"ramier/internal/smpp"
)

func TestUDH(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		parts  smpp.Concat
		concat bool
		rest   string
	}{
		"8 bit":                 {"05 00 03 07 02 01 'hi'", smpp.Concat{Ref: 7, Total: 2, Seq: 1}, true, "hi"},
		"16 bit":                {"06 08 04 0107 02 01 'hi'", smpp.Concat{Ref: 0x107, Total: 2, Seq: 1, Wide: true}, true, "hi"},
		"behind ports":          {"0B 05 04 23F0 0001 00 03 07 02 02", smpp.Concat{Ref: 7, Total: 2, Seq: 2}, true, ""},
		"said twice":            {"0A 00 03 01 02 01 00 03 09 02 02", smpp.Concat{Ref: 9, Total: 2, Seq: 2}, true, ""},
		"part 0":                {"05 00 03 07 02 00 'hi'", smpp.Concat{}, false, "hi"},
		"part 3 of 2":           {"05 00 03 07 02 03 'hi'", smpp.Concat{}, false, "hi"},
		"wrong length":          {"04 00 02 07 02 'hi'", smpp.Concat{}, false, "hi"},
		"empty header":          {"00 'hi'", smpp.Concat{}, false, "hi"},
		"something else":        {"03 24 01 01 'hi'", smpp.Concat{}, false, "hi"},
		"an element of nothing": {"02 70 00 'hi'", smpp.Concat{}, false, "hi"},
	} {
		t.Run(name, func(t *testing.T) {
			text := wire(t, c.text)
			h, rest, err := smpp.ParseUDH(text)
			if err != nil || string(rest) != c.rest {
				t.Fatalf("%v, %v, rest %q", h, err, rest)
			}
			if got, ok := h.Concat(); got != c.parts || ok != c.concat {
				t.Errorf("got %+v, %v", got, ok)
			}
			if again, err := h.Append(nil); err != nil || string(again)+c.rest != string(text) {
				t.Errorf("written as %x, %v", again, err)
			}
		})
	}
	for _, broken := range []string{"", "01", "05 00 03 07 02", "01 00", "03 00 02 01", "05 00 04 07 02 01"} {
		text := wire(t, broken)
		if h, rest, err := smpp.ParseUDH(text); err == nil || h != nil || !bytes.Equal(rest, text) {
			t.Errorf("%q gives %v, %x, %v", broken, h, rest, err)
		}
	}
}

func TestPorts(t *testing.T) {
	for text, want := range map[string][2]uint16{"06 05 04 23F0 0102": {0x23F0, 0x0102}, "04 04 02 F0 01": {0xF0, 1}} {
		h, _, _ := smpp.ParseUDH(wire(t, text))
		if dest, source, ok := h.Ports(); !ok || [2]uint16{dest, source} != want {
			t.Errorf("%s gives %d, %d, %v", text, dest, source, ok)
		}
	}
	if _, _, ok := (smpp.UDH{{ID: smpp.ElementPorts16, Data: []byte{1}}}).Ports(); ok {
		t.Error("a broken element has ports")
	}
}

func TestHeaderThatIsTooLong(t *testing.T) {
	for _, h := range []smpp.UDH{{{Data: make([]byte, 256)}}, {{Data: make([]byte, 200)}, {Data: make([]byte, 200)}}} {
		if got, err := h.Append([]byte("before")); err == nil || string(got) != "before" {
			t.Errorf("written as %x, %v", got, err)
		}
	}
}

func TestConcatBothWays(t *testing.T) {
	for _, c := range []smpp.Concat{{Ref: 7, Total: 3, Seq: 2}, {Ref: 0x1234, Total: 255, Seq: 255, Wide: true}} {
		if got, ok := (smpp.UDH{c.Element()}).Concat(); !ok || got != c {
			t.Errorf("header: got %+v, want %+v", got, c)
		}
		want := c
		want.Wide = true
		if got, ok := c.TLVs().Concat(); !ok || got != want {
			t.Errorf("parameters: got %+v, want %+v", got, want)
		}
	}
	for _, l := range []smpp.TLVs{nil, smpp.Concat{Ref: 1, Total: 2, Seq: 3}.TLVs(), {
		{Tag: smpp.TagSARMsgRefNum, Value: []byte{1, 0, 0}}, smpp.Uint8(smpp.TagSARTotalSegments, 1), smpp.Uint8(smpp.TagSARSegmentSeqnum, 1),
	}} {
		if c, ok := l.Concat(); ok {
			t.Errorf("%v gives %+v", l, c)
		}
	}
}

// FuzzUDH: what can be read is written the same.
func FuzzUDH(f *testing.F) {
	f.Add([]byte{5, 0, 3, 7, 2, 1, 'h', 'i'})
	f.Add([]byte{11, 5, 4, 0x23, 0xF0, 0, 1, 8, 4, 1, 7, 2, 2})
	f.Fuzz(func(t *testing.T, text []byte) {
		h, rest, err := smpp.ParseUDH(text)
		if err != nil {
			if !bytes.Equal(rest, text) {
				t.Errorf("rest %x of %x", rest, text)
			}
			return
		}
		again, err := h.Append(nil)
		if err != nil || !bytes.Equal(append(again, rest...), text) {
			t.Errorf("%x became %x, %v", text, again, err)
		}
		if c, ok := h.Concat(); ok {
			if got, ok := (smpp.UDH{c.Element()}).Concat(); !ok || !reflect.DeepEqual(got, c) {
				t.Errorf("%+v became %+v", c, got)
			}
		}
		h.Ports()
	})
}
