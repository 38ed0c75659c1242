short
