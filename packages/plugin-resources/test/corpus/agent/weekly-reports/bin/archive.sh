#!/usr/bin/env bash
exec cat
