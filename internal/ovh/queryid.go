package ovh

import (
	"strconv"
	"time"
)

// queryHeader is X-Ovh-QueryId in the spelling of net/http, which saves turning it round on each answer.
const queryHeader = "X-Ovh-Queryid"

// queryID names one request in its answer, in logs and in trails: "RM.ws-1.6922a3c0.9f86d081884c7d65".
func queryID(node string, now time.Time, random uint64) string {
	id := make([]byte, 0, 48)
	id = append(append(append(id, "RM."...), node...), '.')
	id = append(strconv.AppendInt(id, now.Unix(), 16), '.')
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		id = append(id, digits[random>>shift&15])
	}
	return string(id)
}
