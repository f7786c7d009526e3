"""What the fuzzer is made of: seeds, what spoils them, and who swallows the result."""
