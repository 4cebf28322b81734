package auth

import (
	"errors"
	"strconv"
	"time"

	"ramier/internal/sms"
)

// latest is past every timestamp in seconds that makes sense, the year 5138; JavaScript's milliseconds are beyond it.
const latest = 100_000_000_000

const takeOurTime = "take the offset from GET /auth/time, as OVH's clients do"

// checkTimes tells whether a timestamp is near enough to the clock, or to where it was before it was moved.
func (v *Verifier) checkTimes(timestamp string, now time.Time) error {
	err := v.checkTime(timestamp, now)
	if err == nil || v.cfg.OtherTimes == nil {
		return err
	}
	for _, other := range v.cfg.OtherTimes() {
		if v.checkTime(timestamp, other) == nil {
			return nil
		}
	}
	return err
}

// checkTime tells whether a timestamp is near enough to the clock.
func (v *Verifier) checkTime(timestamp string, now time.Time) error {
	if timestamp == "" {
		return sms.Errorf(sms.BadSignature, "the header %s is missing: it holds the seconds since 1970 that were signed", headerTimestamp)
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return absurd(timestamp)
	case err != nil || timestamp[0] == '+':
		return sms.Errorf(sms.BadSignature, "the header %s is %s and must be whole seconds since 1970, like %d", headerTimestamp, quote(timestamp), now.Unix())
	case seconds > latest && near(seconds/1000, now, v.cfg.Tolerance):
		return sms.Errorf(sms.StaleRequest, "the header %s is %s, which are milliseconds: it must be seconds, like %d", headerTimestamp, quote(timestamp), now.Unix())
	case seconds < 0 || seconds > latest:
		return absurd(timestamp)
	case !near(seconds, now, v.cfg.Tolerance):
		return v.stale(seconds, now)
	}
	return nil
}

func absurd(timestamp string) error {
	return sms.Errorf(sms.StaleRequest, "the header %s is %s, which is no time of these days: %s", headerTimestamp, quote(timestamp), takeOurTime)
}

// near counts whole seconds, as timestamps do.
func near(seconds int64, now time.Time, tolerance time.Duration) bool {
	if seconds < 0 || seconds > latest {
		return false
	}
	off := now.Unix() - seconds
	return max(off, -off) <= int64(tolerance/time.Second)
}

// stale says by how much the clock of the client is off.
func (v *Verifier) stale(seconds int64, now time.Time) error {
	off, way := now.Unix()-seconds, "late"
	if off < 0 {
		off, way = -off, "ahead"
	}
	const zone = 3600 // clocks that are off by hours are set to another zone
	hint := ""
	if hours := (off + zone/2) / zone; hours > 0 && hours <= 14 && near(seconds+sign(now.Unix()-seconds)*hours*zone, now, v.cfg.Tolerance) {
		hint = ", which is about " + strconv.FormatInt(hours, 10) + " h, as if local time was taken for UTC"
	}
	return sms.Errorf(sms.StaleRequest, "your clock is %d s %s%s; at most %d s are allowed: %s", off, way, hint, int64(v.cfg.Tolerance/time.Second), takeOurTime).
		With("offset", strconv.FormatInt(seconds-now.Unix(), 10))
}

func sign(n int64) int64 {
	if n < 0 {
		return -1
	}
	return 1
}
