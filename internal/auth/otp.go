package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"ramier/internal/store"
)

// One-time passwords are those of RFC 6238 as every authenticator app knows them: SHA-1, six digits, 30 s.
const (
	otpSecret    = 20 // bytes
	otpSeconds   = 30
	otpTolerance = 1 // steps that the clock of a phone may be off
)

// recoveryCodes is how many there are.
const recoveryCodes = 8

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

func newOTPSecret() string {
	secret := make([]byte, otpSecret)
	_, _ = rand.Read(secret) // never fails
	return base32Plain.EncodeToString(secret)
}

// OneTimePassword gives the one-time password of a secret at a time. Error: the secret is not base32.
func OneTimePassword(secret string, at time.Time) (string, error) {
	key, err := base32Plain.DecodeString(secret)
	return otp(key, at.Unix()/otpSeconds), err
}

func otp(key []byte, step int64) string {
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash takes everything
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

// stepOf gives the step that a one-time password is of, if it is later than the last one used.
func stepOf(secret, code string, now time.Time, last int64) (int64, bool) {
	key, err := base32Plain.DecodeString(secret)
	if err != nil {
		return 0, false
	}
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	present := now.Unix() / otpSeconds
	for step := present - otpTolerance; step <= present+otpTolerance; step++ {
		if step > last && subtle.ConstantTimeCompare([]byte(otp(key, step)), []byte(code)) == 1 {
			return step, true
		}
	}
	return 0, false
}

// useCode uses a one-time password or a recovery code up, and tells whether it was right.
func useCode(l *store.Login, code string, now time.Time) bool {
	if step, ok := stepOf(l.OTPSecret, code, now, l.OTPStep); ok && l.OTPSecret != "" {
		l.OTPStep = step
		return true
	}
	hash := hashRecovery(code)
	if i := slices.Index(l.Recovery, hash); i >= 0 {
		l.Recovery = slices.Delete(l.Recovery, i, i+1)
		return true
	}
	return false
}

// newRecovery gives recovery codes and their hashes. They have 59 bits of chance, so a plain hash is enough.
func newRecovery() (codes, hashes []string) {
	for range recoveryCodes {
		code := strings.ToLower(randomText(12))
		codes = append(codes, code[:4]+"-"+code[4:8]+"-"+code[8:])
		hashes = append(hashes, hashRecovery(code))
	}
	return codes, hashes
}

// hashRecovery reads a code as people type it.
func hashRecovery(code string) string {
	plain := strings.NewReplacer("-", "", " ", "").Replace(strings.ToLower(strings.TrimSpace(code)))
	sum := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(sum[:])
}
