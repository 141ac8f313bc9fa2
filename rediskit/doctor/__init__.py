"""Diagnosis of programs, configs, output directories and Git."""
