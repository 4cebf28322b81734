package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"ramier/internal/sms"
)

// Lengths of passwords.
const (
	minPassword = 10 // characters
)

// What a password costs to check: 19 MiB and about 20 ms, as OWASP advises for argon2id.
const (
	hashMemory  = 19 << 10 // KiB
	hashTime    = 2
	hashThreads = 1
	hashSalt    = 16
	hashLength  = 32
)

// NewPassword makes one up that nobody guesses: 20 letters and digits.
func NewPassword() string { return randomText(20) }

// CheckPassword tells whether an account may have the password. Error: Invalid.
func CheckPassword(account, password string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword:
		return sms.Errorf(sms.Invalid, "the password has %d characters: take at least %d, several words are easy to remember", n, minPassword)
	case len(password) > maxPassword:
		return sms.Errorf(sms.Invalid, "the password has %d bytes, at most %d are taken", len(password), maxPassword)
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return sms.Errorf(sms.Invalid, "the password is not UTF-8")
	case strings.EqualFold(password, account) || strings.Count(password, password[:1]) == len(password):
		return sms.Errorf(sms.Invalid, "the password is the account's name or one character only: take another")
	}
	return nil
}

var plain64 = base64.RawStdEncoding

// hashOwner gives a password's hash, with all that checking it needs.
func hashOwner(password string) string {
	salt := make([]byte, hashSalt)
	_, _ = rand.Read(salt) // never fails
	sum := argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashThreads, hashLength)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashThreads, plain64.EncodeToString(salt), plain64.EncodeToString(sum))
}

// fitsOwner tells whether a password has the hash. It takes the costs from the hash, so that older ones still serve.
func fitsOwner(password, hash string) bool {
	var version, memory, passes uint32
	var threads uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads); err != nil || memory > 1<<20 || passes == 0 || passes > 20 || threads == 0 {
		return false
	}
	salt, err := plain64.DecodeString(parts[4])
	if err != nil {
		return false
	}
	want, err := plain64.DecodeString(parts[5])
	if err != nil || len(want) < 16 || len(want) > 64 {
		return false
	}
	sum := argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(len(want))) //nolint:gosec // at most 64
	return subtle.ConstantTimeCompare(sum, want) == 1
}
