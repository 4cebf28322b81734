package cli

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// A trail is the story of a message.
type trail struct {
	ID          int64  `json:"id"`
	State       string `json:"state"`
	Sentence    string `json:"sentence"`
	NextStep    string `json:"nextStep"`
	ServiceName string `json:"serviceName"`
	Carrier     string `json:"carrier"`
	Duplicate   bool   `json:"possibleDuplicate"`
	Steps       []step `json:"steps"`
}

type step struct {
	At       string            `json:"at"`
	What     string            `json:"what"`
	Text     string            `json:"text"`
	Details  map[string]string `json:"details"`
	PDUHex   string            `json:"pduHex"`
	PDUWords string            `json:"pduWords"`
}

func (p *program) explainCommand() *cobra.Command {
	a := &access{program: p}
	c := &cobra.Command{Use: "explain ID", Short: "Tell the whole story of one message", Args: takes}
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		if _, err := strconv.ParseInt(args[0], 10, 64); err != nil {
			return usage("%q is not the number of a message", args[0])
		}
		api, err := a.open()
		if err != nil {
			return err
		}
		path := "/operator/messages/" + url.PathEscape(args[0])
		if *asJSON {
			var o object
			if err := api.call(c.Context(), http.MethodGet, path, nil, &o); err != nil {
				return err
			}
			return printJSON(p.out, o)
		}
		var t trail
		if err := api.call(c.Context(), http.MethodGet, path, nil, &t); err != nil {
			return err
		}
		_, err = p.out.Write([]byte(t.String()))
		return err
	}
	return a.flags(c)
}

// String tells the story to people.
func (t trail) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Message %d: %s\n  %s\n  Next: %s\n  SMS account %s", t.ID, t.State, t.Sentence, t.NextStep, t.ServiceName)
	if t.Carrier != "" {
		fmt.Fprintf(&b, ", carrier %s", t.Carrier)
	}
	b.WriteString("\n")
	if t.Duplicate {
		b.WriteString("  It may have arrived twice: it was sent again after the carrier's answer got lost.\n")
	}
	for _, s := range t.Steps {
		fmt.Fprintf(&b, "\n%s  %s: %s\n", s.At, s.What, oneLine(s.Text))
		for _, name := range slices.Sorted(maps.Keys(s.Details)) {
			if value := s.Details[name]; value != "" {
				fmt.Fprintf(&b, "    %s: %s\n", spaced(name), oneLine(value))
			}
		}
		if s.PDUWords != "" {
			indent(&b, s.PDUWords)
		}
		if octets, err := hex.DecodeString(s.PDUHex); err == nil && len(octets) > 0 {
			indent(&b, hex.Dump(octets))
		}
	}
	return b.String()
}

func indent(b *strings.Builder, text string) {
	for line := range strings.Lines(text) {
		b.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
	}
}
