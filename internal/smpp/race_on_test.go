//go:build race

package smpp_test

// The pool drops things at random under the race detector.
const raceDetector = true
