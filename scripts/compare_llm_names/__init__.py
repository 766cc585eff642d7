"""What servers of language models say in their own source that they expose, beside what martlet's tables have of it."""
