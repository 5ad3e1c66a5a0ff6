// Package api serves what the control plane knows over HTTP, as JSON.
//
//	GET /v1/stations ─► Server (server.go) ─► guard (guard.go) ─► routes (routes.go) ─► State
//	                     limits, time-outs     bearer token,        one snapshot a        implemented by
//	                     (limit.go)            method, host         request, encoded      package control
//	                                                                as shapes.go says
//	GET /v1/events ─► Events (events.go) ◄── Tell: what happens, sent to all who listen
//	GET /openapi.yaml ─► openapi.yaml, which a test holds to the routes and the shapes
//	GET /healthz /readyz ─► for whatever watches the process; they ask for no token
//
// The control plane makes a Server with New, runs Run and stops it by Run's context or Close. State is
// called from many goroutines at a time. The package imports nothing of ours: its shapes are what
// scripts rely on, so keys are added and never change their meaning.
//
// Limits: 128 connections, 32 of them with events, 16 KiB of header, 5 s to send a request. Off the network
// unless told otherwise: without a token only requests to an address or localhost are answered, so
// that no web page can read through a browser what a name resolves to.
package api
