package sms

import (
	"fmt"
	"strings"
)

// SMPPMessageID is what a client over SMPP knows a message by: a UUID (version 8), made of its number, or the number and part of one that
// came in parts, so that no two are the same. They are mixed, since some clients, Kannel among them, look at the first digits only.
func SMPPMessageID(id int64, part int) string {
	n := mix(uint64(id)<<8 | uint64(part)) //nolint:gosec // ids are below 2^53, parts below 2^8
	return fmt.Sprintf("%08x-%04x-8%03x-8%03x-72616d696572", n>>32, n>>16&0xFFFF, n>>4&0xFFF, n&0xF)
}

// ParseSMPPMessageID gives the number and part that an id was made of; ok is false if it was not made here.
func ParseSMPPMessageID(uuid string) (id int64, part int, ok bool) {
	uuid = strings.ToLower(uuid)
	var a, b, c, d uint64
	if len(uuid) != 36 {
		return 0, 0, false
	}
	if _, err := fmt.Sscanf(uuid, "%08x-%04x-8%03x-8%03x-72616d696572", &a, &b, &c, &d); err != nil {
		return 0, 0, false
	}
	n := unmix(a<<32 | b<<16 | c<<4 | d&0xF)
	id, part = int64(n>>8), int(n&0xFF) //nolint:gosec // compared below
	return id, part, SMPPMessageID(id, part) == uuid
}

// mix is the end of SplitMix64, which gives each number another one; unmix is its inverse.
func mix(n uint64) uint64 {
	n = (n ^ n>>30) * 0xBF58476D1CE4E5B9
	n = (n ^ n>>27) * 0x94D049BB133111EB
	return n ^ n>>31
}

func unmix(n uint64) uint64 {
	n = (n ^ n>>31 ^ n>>62) * 0x319642B2D24D8EC3
	n = (n ^ n>>27 ^ n>>54) * 0x96DE1B173F119089
	return n ^ n>>30 ^ n>>60
}

// ViaSMPP begins the query id of what came over SMPP.
const ViaSMPP = "smpp."
