package shop

import (
	"cmp"
	"errors"
	"os"
)

// Settings are what the environment says.
type Settings struct {
	SecretKey string
	Greeting  string
}

// SettingsFromEnvironment reads the environment.
func SettingsFromEnvironment() (Settings, error) {
	key, ok := os.LookupEnv("SECRET_KEY")
	if !ok {
		return Settings{}, errors.New("SECRET_KEY is not set")
	}
	return Settings{SecretKey: key, Greeting: cmp.Or(os.Getenv("GREETING"), "Hello")}, nil
}
