//go:build !race

package smpp_test

const raceDetector = false
