#!/bin/bash
# Takes some.
pay() {
  local cents=$1
  echo "$cents" # -> pay
}

function count_rows {
  wc -l < "$1" # -> count_rows
}

pay 3 # ->
