// Package sms is the domain: the nouns of a short message platform, what may happen to them, and the pure function that
// decides about an order. Nothing here reads a clock, a database or a network.
package sms

//go:generate go test -run ^TestThePageOfStates . -update
