#!/bin/sh
while echo "$1"; do sleep 10; done
