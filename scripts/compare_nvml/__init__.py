"""What martlet shows of NVIDIA cards, beside what NVML says to NVIDIA's own Python binding."""
