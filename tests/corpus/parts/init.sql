# for the corpus
