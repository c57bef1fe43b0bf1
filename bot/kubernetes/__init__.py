"""What a pod asks its cluster: one ConfigMap at a time, and nothing else."""
