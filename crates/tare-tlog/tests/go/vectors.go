package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// vectorTime is that of all cosignatures in the vectors.
const vectorTime = 1700000000

// signer is a private key and what checks it. The seed is one byte, 32 times.
type signer struct{ private, public string }

func newSigner(name string, seed int) signer {
	private, public, err := keyTexts(name, strings.Repeat(fmt.Sprintf("%02x", seed), 32))
	if err != nil {
		panic(err)
	}
	return signer{private, public}
}

// vectorKeys are everybody who signs anything in the vectors.
type vectorKeys struct {
	log, nextLog, stranger, alice, bob, carol, dave signer
	witness                                         *cosigner
}

func newVectorKeys() vectorKeys {
	witness, err := newCosigner("wit.example.org/w", strings.Repeat("02", 32))
	if err != nil {
		panic(err)
	}
	return vectorKeys{
		log:      newSigner("log.example.org/t", 1),
		nextLog:  newSigner("log.example.org/t2", 3),
		stranger: newSigner("stranger.example.org", 4),
		alice:    newSigner("hub.example.org/root/alice", 5),
		bob:      newSigner("hub.example.org/root/bob", 6),
		carol:    newSigner("hub.example.org/root/carol", 7),
		dave:     newSigner("hub.example.org/root/dave", 8),
		witness:  witness,
	}
}

// public are the keys that a reader of the vectors knows: all but the stranger's.
func (k vectorKeys) public() []string {
	list := []string{k.witness.public()}
	for _, signer := range []signer{k.log, k.nextLog, k.alice, k.bob, k.carol, k.dave} {
		list = append(list, signer.public)
	}
	return list
}

// vectorsCommand writes `keys`, the public keys; `good/*.note`, which those keys open; and `bad/*.note`, which they do
// not. The package itself decides which is which.
func vectorsCommand(args []string) error {
	keys := newVectorKeys()
	known, err := verifiers(keys.public())
	if err != nil {
		return err
	}
	if err := write(args[0], "keys", strings.Join(keys.public(), "\n")+"\n"); err != nil {
		return err
	}
	good := goodNotes(keys)
	for name, text := range good {
		if answer([]byte(text), known) == "no" {
			return fmt.Errorf("%s was not opened", name)
		}
		if err := write(args[0], "good/"+name+".note", text); err != nil {
			return err
		}
	}
	for name, text := range badNotes(keys, good["checkpoint"]) {
		if got := answer([]byte(text), known); got != "no" {
			return fmt.Errorf("%s was opened: %s", name, got)
		}
		if err := write(args[0], "bad/"+name+".note", text); err != nil {
			return err
		}
	}
	return nil
}

const checkpointText = `log.example.org/t
7
TL2ONYSUUEANTpxMCuf3HHmtRBD5rSxiRiL/X4YXMT0=
`

func goodNotes(k vectorKeys) map[string]string {
	checkpoint, err := k.witness.cosign(signText(checkpointText, k.log), vectorTime)
	if err != nil {
		panic(err)
	}
	logs := "log " + k.log.public + " https://hub.example.org/\n"
	nextLogs := "log " + k.nextLog.public + " https://hub.example.org/\noldlog " + k.log.public +
		" 7 TL2ONYSUUEANTpxMCuf3HHmtRBD5rSxiRiL/X4YXMT0=\n"
	return map[string]string{
		"checkpoint":    checkpoint,
		"empty-lines":   signText("\none\n\n— two AAAAAAA=\n\n", k.log, k.alice),
		"stranger":      signText("text\n", k.stranger, k.log),
		"signed-twice":  signText("text\n", k.log) + signatureLine("text\n", k.log),
		"root-1":        signText(rootText(k, 1, "alice bob carol", logs), k.alice, k.bob),
		"root-2":        signText(rootText(k, 2, "bob carol dave", nextLogs), k.bob, k.carol),
		"root-2-forged": signText(rootText(k, 2, "bob carol dave", nextLogs), k.alice, k.dave),
	}
}

func badNotes(k vectorKeys, good string) map[string]string {
	logLine := signatureLine(checkpointText, k.log)
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			panic(old)
		}
		return strings.Replace(good, old, new, 1)
	}
	return map[string]string{
		"another-text":           replace("\n7\n", "\n8\n"),
		"another-signature":      replace("eXOZX3RgKxXU", "eXOZX3RgKxXV"),
		"another-time":           replace("vL1atQAAAABlU/EA", "vL1atQAAAABlU/EB"),
		"another-key-id":         checkpointText + "\n" + strings.Replace(logLine, "eXOZX3", "eXOZY3", 1),
		"another-name":           checkpointText + "\n" + strings.Replace(logLine, "/t ", "/u ", 1),
		"stranger-only":          signText(checkpointText, k.stranger),
		"no-signature":           checkpointText,
		"no-signature-line":      checkpointText + "\n",
		"no-empty-line":          checkpointText + logLine,
		"no-last-line-feed":      strings.TrimSuffix(good, "\n"),
		"empty-line-at-end":      good + "\n",
		"carriage-return":        strings.ReplaceAll(good, "\n", "\r\n"),
		"tab":                    replace("7", "\t7"),
		"nul":                    replace("7", "7\x00"),
		"not-utf8":               replace("7", "7\xff"),
		"hyphen":                 replace("— log", "- log"),
		"no-space-after-dash":    replace("— log", "—log"),
		"two-spaces-before-name": replace("— log", "—  log"),
		"two-spaces-after-name":  replace("/t eXO", "/t  eXO"),
		"plus-in-name":           replace("/t eXO", "/t+ eXO"),
		"space-in-name":          replace("/t eXO", "/t\u00a0u eXO"),
		"no-name":                checkpointText + "\n" + strings.Replace(logLine, "log.example.org/t ", "", 1),
		"no-padding":             strings.Replace(good, "LkUlbPQTaAo=", "LkUlbPQTaAo", 1),
		"no-bytes-after-id":      checkpointText + "\n— log.example.org/t eXOZXw==\n",
		"line-that-is-none":      good + "more\n",
		"many-signatures":        checkpointText + "\n" + strings.Repeat(logLine, 101),
	}
}

// rootText is a root document with two of three keys to sign it and one witness.
func rootText(k vectorKeys, version int, holders, logs string) string {
	keys := map[string]signer{"alice": k.alice, "bob": k.bob, "carol": k.carol, "dave": k.dave}
	text := fmt.Sprintf("tare-root/v1\nregistry hub.example.org\nversion %d\n", version)
	text += "expires 2028-05-22T00:00:00Z\nthreshold 2\n"
	for _, holder := range strings.Fields(holders) {
		text += "rootkey " + holder + " " + keys[holder].public + "\n"
	}
	text += logs + "witness W1 " + k.witness.public() + " -\ngroup witnesses any W1\nquorum witnesses\n"
	return text + "fresh-warn 36h\nfresh-fail 14d\nmax-entry 4096\n"
}

func signText(text string, signers ...signer) string {
	var list []note.Signer
	for _, signer := range signers {
		made, err := note.NewSigner(signer.private)
		if err != nil {
			panic(err)
		}
		list = append(list, made)
	}
	signed, err := note.Sign(&note.Note{Text: text}, list...)
	if err != nil {
		panic(err)
	}
	return string(signed)
}

func signatureLine(text string, by signer) string {
	return strings.TrimPrefix(signText(text, by), text+"\n")
}

func write(folder, name, text string) error {
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}
