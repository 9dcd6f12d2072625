package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// cosignature is the algorithm of a witness's key.
const cosignature = 0x04

func signerCommand(args []string) error {
	private, public, err := keyTexts(args[0], args[1])
	if err != nil {
		return err
	}
	fmt.Println(private)
	fmt.Println(public)
	return nil
}

func signCommand(args []string) error {
	signer, err := note.NewSigner(args[0])
	if err != nil {
		return err
	}
	text, err := standardInput()
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return err
	}
	fmt.Print(string(signed))
	return nil
}

func openCommand(args []string) error {
	known, err := verifiers(args)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		bytes, err := base64.StdEncoding.DecodeString(lines.Text())
		if err != nil {
			return err
		}
		fmt.Println(answer(bytes, known))
	}
	return lines.Err()
}

// answer says who signed a note, in the order of its lines.
func answer(bytes []byte, known note.Verifiers) string {
	opened, err := note.Open(bytes, known)
	if err != nil {
		return "no"
	}
	words := []string{"ok"}
	for _, signature := range opened.Sigs {
		words = append(words, signature.Name)
	}
	return strings.Join(words, " ")
}

func cosignCommand(args []string) error {
	bytes, err := standardInput()
	if err != nil {
		return err
	}
	time, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	witness, err := newCosigner(args[0], args[1])
	if err != nil {
		return err
	}
	cosigned, err := witness.cosign(bytes, time)
	fmt.Print(cosigned)
	return err
}

// keyTexts are the private and the public key of a plain signer.
func keyTexts(name, seed string) (private, public string, err error) {
	bytes, err := hex.DecodeString(seed)
	if err != nil || len(bytes) != ed25519.SeedSize {
		return "", "", fmt.Errorf("bad seed %q", seed)
	}
	// The package's own generator takes its seed from a reader.
	return note.GenerateKey(strings.NewReader(string(bytes)), name)
}

// verifiers reads public keys; the package itself knows plain ones only.
func verifiers(texts []string) (note.Verifiers, error) {
	var list []note.Verifier
	for _, text := range texts {
		verifier, err := note.NewVerifier(text)
		if err != nil {
			verifier, err = newWitness(text)
		}
		if err != nil {
			return nil, fmt.Errorf("bad key %q: %w", text, err)
		}
		list = append(list, verifier)
	}
	return note.VerifierList(list...), nil
}

// witness checks cosignatures. The package has no such thing, so this follows C2SP's tlog-cosignature.
type witness struct {
	name string
	key  ed25519.PublicKey
}

func newWitness(text string) (*witness, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("not a key")
	}
	bytes, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(bytes) != 1+ed25519.PublicKeySize || bytes[0] != cosignature {
		return nil, errors.New("not a cosigner's key")
	}
	w := &witness{parts[0], bytes[1:]}
	if id := fmt.Sprintf("%08x", w.KeyHash()); id != parts[1] {
		return nil, fmt.Errorf("key has id %s, expected %s", parts[1], id)
	}
	return w, nil
}

func (w *witness) Name() string { return w.name }

func (w *witness) KeyHash() uint32 {
	sum := sha256.Sum256([]byte(w.name + "\n" + string(rune(cosignature)) + string(w.key)))
	return binary.BigEndian.Uint32(sum[:])
}

func (w *witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	return time < 1<<63 && ed25519.Verify(w.key, cosigned(string(text), time), signature[8:])
}

func cosigned(text string, time uint64) []byte {
	return []byte(fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text))
}

// cosigner makes cosignatures.
type cosigner struct {
	witness
	private ed25519.PrivateKey
}

func newCosigner(name, seed string) (*cosigner, error) {
	bytes, err := hex.DecodeString(seed)
	if err != nil || len(bytes) != ed25519.SeedSize {
		return nil, fmt.Errorf("bad seed %q", seed)
	}
	private := ed25519.NewKeyFromSeed(bytes)
	return &cosigner{witness{name, private.Public().(ed25519.PublicKey)}, private}, nil
}

// cosign adds a line to a note.
func (c *cosigner) cosign(signed string, time uint64) (string, error) {
	end := strings.LastIndex(signed, "\n\n")
	if end < 0 {
		return "", errors.New("not a note")
	}
	line := binary.BigEndian.AppendUint32(nil, c.KeyHash())
	line = binary.BigEndian.AppendUint64(line, time)
	line = append(line, ed25519.Sign(c.private, cosigned(signed[:end+1], time))...)
	return signed + "— " + c.name + " " + base64.StdEncoding.EncodeToString(line) + "\n", nil
}

func (c *cosigner) public() string {
	key := append([]byte{cosignature}, c.key...)
	return fmt.Sprintf("%s+%08x+%s", c.name, c.KeyHash(), base64.StdEncoding.EncodeToString(key))
}
