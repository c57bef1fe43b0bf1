#!/bin/sh
# Stands for the CLI: says what files in its folder tell, and notes what it was asked.
echo "$*" >> asked
env > "environment-$2"
case "$*" in
*" up "*)
  if [ -e locked ]; then cat locked >&2; exit 255; fi
  if [ -e stubborn ]; then trap 'echo INT >> signals' INT; while :; do sleep 0.02; done; fi
  if [ -e slow ]; then trap 'echo INT >> signals; exit 130' INT; touch running "running-$$"; while :; do sleep 0.02; done; fi
  if [ -e fails ]; then cat fails >&2; exit 1; fi ;;
*" cancel "*) rm -f locked ;;
*" output "*) if [ -e outputs ]; then cat outputs; else echo "error: no stack named 'dev' found" >&2; exit 1; fi ;;
esac
