package sms

import (
	_ "embed"
	"strings"
	"sync"
)

// Network is a mobile network.
type Network struct {
	Code     string // MCC and MNC
	Name     string // as phones show it
	Operator string // whose it is
}

//go:embed networks.txt
var networksText string

var networks = sync.OnceValue(func() map[string]Network {
	all := map[string]Network{}
	for line := range strings.Lines(networksText) {
		code, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if code == "" || code[0] == '#' {
			continue
		}
		name, operator, _ := strings.Cut(rest, " | ")
		if operator == "" {
			operator = name
		}
		all[code] = Network{code, name, operator}
	}
	return all
})

// NetworkByCode gives the network with an MCC and MNC, like 20801, if it is among those that are known by name.
func NetworkByCode(code string) (Network, bool) {
	n, ok := networks()[code]
	return n, ok
}
